/**
 * What the Perl process runs: it reads calls from standard input and answers on standard output, in frames (frames.ts). While a subroutine waits for
 * `Exim::expand_string`, another call may come in: `serve` is entered again for it. Spec ch. 12 "Embedded Perl".
 */

/** In its texts and in the number of its evals like Exim's interpreter, so that `die` gives the same messages. */
export const PERL_PROGRAM = String.raw`
{ # what is lexical here is not seen by the startup code
package Exim::Server;
open(my $in, '<&', \*STDIN) or exit 1;
open(my $out, '>&', \*STDOUT) or exit 1;
binmode $in;
binmode $out;
open(STDIN, '<', '/dev/null');
open(STDOUT, '>', '/dev/null');
open(STDERR, '>', '/dev/null');
$0 = '/dev/null';
@ARGV = ();

sub octets {
  my $text = defined $_[0] ? "$_[0]" : '';
  utf8::encode($text) if utf8::is_utf8($text);
  return $text;
}
sub put {
  my ($type, $text) = @_;
  $text = octets($text);
  my $frame = pack('N', length($text) + 1) . $type . $text;
  while (length $frame) {
    my $written = syswrite($out, $frame);
    if (!defined $written) { next if $!{EINTR}; exit 1; }
    substr($frame, 0, $written, '');
  }
}
sub get {
  my ($wanted) = @_;
  my $text = '';
  while (length $text < $wanted) {
    my $count = sysread($in, $text, $wanted - length $text, length $text);
    if (!defined $count) { next if $!{EINTR}; exit 1; }
    exit 0 if $count == 0;
  }
  return $text;
}
sub take {
  my $frame = get(unpack('N', get(4)));
  $frame =~ /\A(.)(.*)\z/s or exit 1; # what was matched is not tainted
  return ($1, $2);
}
sub where {
  my (undef, $file, $line) = caller(1);
  return " at $file line $line.\n";
}
sub serve {
  for (;;) {
    my ($type, $text) = take();
    return ($type, $text) if $type ne 'C';
    my ($name, @arguments) = unpack('(N/a)*', $text);
    call($name, @arguments);
  }
}
sub call {
  my ($name, @arguments) = @_;
  my $full = $name =~ /::|'/ ? $name : "main::$name";
  if (!defined &{$full}) { put('D', "Undefined subroutine &$full called.\n"); return; }
  my $value;
  my $done = do { local $@; eval { $value = &{\&{$full}}(@arguments); 1 } or do { put('D', $@); 0 } };
  return if !$done;
  defined $value ? put('R', $value) : put('U', '');
}

package Exim;
sub expand_string {
  die 'Usage: Exim::expand_string(string)' . Exim::Server::where() if @_ != 1;
  Exim::Server::put('E', $_[0]);
  my ($type, $text) = Exim::Server::serve();
  return $text if $type eq 'V';
  return undef if $type eq 'F';
  die "syntax error in Exim::expand_string argument: $text" . Exim::Server::where();
}
sub debug_write { Exim::Server::put('W', $_) for @_; return }
sub log_write {
  die 'Usage: Exim::log_write(string)' . Exim::Server::where() if @_ != 1;
  Exim::Server::put('L', $_[0]);
  return;
}
$SIG{__WARN__} = sub { my $text = $_[0]; $text =~ s/\n\z//; Exim::log_write($text) };

sub Exim::Server::start { package main; eval "\$Exim::Server::compiled = 1; $_[0]" }
}
Exim::Server::start((Exim::Server::take())[1]);
if ($@ && !$Exim::Server::compiled) { Exim::Server::put('D', $@); exit 1 }
Exim::Server::put('U', '');
Exim::Server::serve();
`;
