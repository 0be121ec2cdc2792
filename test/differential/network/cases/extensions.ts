/** What EHLO offers and what clients do with it; banners, queries, proxies; what log selectors add. */
import type { NetworkCase } from '../case.ts';
import { DATA, EHLO, ENVELOPE, MAIL, MESSAGE, OPEN, QUIT, RCPT, session, variants } from '../pieces.ts';

function offers(): NetworkCase[] {
  const hello = session(`${EHLO}${QUIT}`);
  const lists = [
    'pipelining_advertise_hosts',
    'pipelining_connect_advertise_hosts',
    'chunking_advertise_hosts',
    'dsn_advertise_hosts',
    'smtputf8_advertise_hosts',
  ];
  return [
    ...lists.flatMap((name) =>
      variants('offer', [
        [`${name} =`, hello],
        [`${name} = *`, hello],
        [`${name} = 127.0.0.3`, hello],
        [`${name} = ! 127.0.0.3`, hello],
      ]),
    ),
    ...variants('offer', [
      ['prdr_enable', hello],
      ['acl_smtp_vrfy = accept', hello],
      ['acl_smtp_expn = accept', hello],
      ['acl_smtp_etrn = accept', hello],
      ['acl_smtp_vrfy = deny\nacl_smtp_expn = accept\nacl_smtp_etrn = accept\nprdr_enable\ndsn_advertise_hosts = *', hello],
      ['message_size_limit = 0', hello],
      ['message_size_limit = 1M', hello],
      ['no_accept_8bitmime', hello],
      ['acl_smtp_helo = accept control = no_pipelining', hello],
      ['acl_smtp_connect = accept control = no_pipelining', hello],
      ['acl_smtp_helo = accept message = 250 nice to meet you', session(`${EHLO}HELO x\n${QUIT}`)],
      ['acl_smtp_helo = accept message = two\\\\nlines', session(`${EHLO}HELO x\n${QUIT}`)],
    ]),
    ...variants('banner', [
      ['smtp_banner = one', hello],
      ['smtp_banner = one\\ntwo\\nthree', hello],
      ['smtp_banner = "one\\ntwo\\n"', hello],
      ['smtp_banner = "\\n"', hello],
      ['smtp_banner =', hello],
      ['smtp_banner = ${if eq{a}{b}{x}fail}', hello],
      ['smtp_banner = ${bogus}', hello],
      ['smtp_banner = $smtp_active_hostname $sender_host_address $received_port $tod_zone', hello],
      ['smtp_active_hostname = other.example', session(`${EHLO}HELO x\n${QUIT}`)],
      ['acl_smtp_connect = accept message = 220 own banner', hello],
      ['acl_smtp_connect = accept message = 554 own banner', hello],
      ['acl_smtp_connect = accept message = own banner\\\\nin lines', hello],
      ['smtp_banner = caf\xe9', hello],
    ]),
  ];
}

function queries(): NetworkCase[] {
  const vrfy = session(
    `${EHLO}VRFY x@a.example\nVRFY nobody@a.example\nVRFY x\nVRFY\nVRFY <x@a.example>\nVRFY "x y"@a.example\nVRFY @\n${QUIT}`,
  );
  const etrn = (first: string) => session(`${EHLO}ETRN ${first}\nETRN x\nETRN\nETRN #\nETRN #a b\n${QUIT}`);
  return variants('query', [
    ['smtp_max_synprot_errors = 20', vrfy],
    ['acl_smtp_vrfy = accept\nsmtp_max_synprot_errors = 20', vrfy],
    ['acl_smtp_vrfy = accept\nsmtp_max_synprot_errors = 20\nlog_selector = +smtp_syntax_error +smtp_protocol_error', vrfy],
    ['acl_smtp_vrfy = deny', vrfy],
    ['acl_smtp_expn = accept', session(`${EHLO}EXPN x@a.example\nEXPN nobody@a.example\nEXPN x\nEXPN\nEXPN x@remote.example\n${QUIT}`)],
    ['', session(`${EHLO}EXPN x@a.example\n${QUIT}`)],
    ['acl_smtp_etrn = accept\nsmtp_max_synprot_errors = 20\nsmtp_etrn_command = /bin/true $domain', etrn('#a.example')],
    [
      'acl_smtp_etrn = accept\nsmtp_etrn_command = /bin/sleep 3\nlog_selector = -etrn',
      session(`${EHLO}ETRN a.example\nETRN a.example\nETRN b.example\n${QUIT}`),
    ],
    [
      'acl_smtp_etrn = accept\nsmtp_etrn_command = /bin/sleep 1\nno_smtp_etrn_serialize',
      session(`${EHLO}ETRN a.example\nETRN a.example\n${QUIT}`),
    ],
    ['acl_smtp_etrn = accept\nsmtp_etrn_command = ${bogus}', session(`${EHLO}ETRN a.example\n${QUIT}`)],
    ['acl_smtp_etrn = accept\nsmtp_etrn_command = /nonexistent $domain', session(`${EHLO}ETRN a.example\n${QUIT}`)],
    ['acl_smtp_etrn = deny message = not you', session(`${EHLO}ETRN a.example\n${QUIT}`)],
    ['', session(`${EHLO}ETRN a.example\n${QUIT}`)],
    ['acl_smtp_etrn = accept\nsmtp_etrn_command = /bin/true', session(`${ENVELOPE}ETRN a.example\n${QUIT}`)],
    ['acl_smtp_etrn = accept\nsmtp_etrn_command = /bin/true', session(`ETRN a.example\n${QUIT}`)],
  ]);
}

function parameters(): NetworkCase[] {
  const dsn = [
    'MAIL FROM:<s@s.example> RET=FULL ENVID=abc',
    'MAIL FROM:<s@s.example> RET=HDRS ENVID=a+20b',
    'MAIL FROM:<s@s.example> RET=x',
    'MAIL FROM:<s@s.example> ENVID=a ENVID=b',
    'MAIL FROM:<s@s.example> RET=FULL RET=HDRS',
    'MAIL FROM:<s@s.example> ENVID=',
    'MAIL FROM:<> RET=FULL',
  ];
  const rcpts = [
    'RCPT TO:<x@a.example> NOTIFY=NEVER',
    'RCPT TO:<x@a.example> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;y@b.example',
    'RCPT TO:<x@a.example> NOTIFY=NEVER,SUCCESS',
    'RCPT TO:<x@a.example> NOTIFY=',
    'RCPT TO:<x@a.example> NOTIFY=bogus',
    'RCPT TO:<x@a.example> NOTIFY=DELAY NOTIFY=DELAY',
    'RCPT TO:<x@a.example> ORCPT=rfc822;a ORCPT=rfc822;b',
    'RCPT TO:<x@a.example> ORCPT=x',
    'RCPT TO:<x@a.example> BOGUS=1',
  ];
  const utf8 = 'MAIL FROM:<caf\xc3\xa9@s.example> SMTPUTF8\nRCPT TO:<\xc3\xa9@a.example>\n';
  const data = `${RCPT}${DATA}`;
  return [
    ...[...dsn].flatMap((line) =>
      variants(`parameters: ${line}`, [['dsn_advertise_hosts = *', session(`${EHLO}${line}\n${data}${QUIT}`)]]),
    ),
    ...rcpts.flatMap((line) =>
      variants(`parameters: ${line}`, [['dsn_advertise_hosts = *', session(`${EHLO}${MAIL}${line}\n!data\n${QUIT}`)]]),
    ),
    ...variants('parameters', [
      ['', session(`${EHLO}${dsn[0]}\n${MAIL}${rcpts[0]}\n${QUIT}`)],
      ['dsn_advertise_hosts = *', session(`HELO x\n${dsn[0]}\n${MAIL}${rcpts[0]}\n${QUIT}`)],
      [
        'prdr_enable',
        session(`${EHLO}MAIL FROM:<s@s.example> PRDR\nRCPT TO:<x@a.example>\nRCPT TO:<y@a.example>\n!data\n!read\n!read\n!read\n${QUIT}`),
      ],
      [
        'prdr_enable\nacl_smtp_data_prdr = deny local_parts = y',
        session(`${EHLO}MAIL FROM:<s@s.example> PRDR\nRCPT TO:<x@a.example>\nRCPT TO:<y@a.example>\n!data\n!read\n!read\n!read\n${QUIT}`),
      ],
      ['prdr_enable', session(`${EHLO}MAIL FROM:<s@s.example> PRDR\n${data}${MAIL}${data}${QUIT}`)],
      ['', session(`${EHLO}MAIL FROM:<s@s.example> PRDR\n${QUIT}`)],
      ['', session(`${EHLO}${utf8}!data\n${QUIT}`)],
      ['smtputf8_advertise_hosts =', session(`${EHLO}${utf8}!data\n${QUIT}`)],
      [
        'smtputf8_advertise_hosts =\nallow_utf8_domains',
        session(`${EHLO}MAIL FROM:<x@caf\xc3\xa9.example>\nRCPT TO:<\xc3\xa9@a.example>\n!data\n${QUIT}`),
      ],
      [
        '',
        session(`${EHLO}MAIL FROM:<caf\xc3\xa9@s.example>\n${MAIL}RCPT TO:<\xc3\xa9@a.example>\nRCPT TO:<\xff@a.example>\n!data\n${QUIT}`),
      ],
      [
        'log_selector = +8bitmime',
        session(
          `${EHLO}MAIL FROM:<s@s.example> BODY=8BITMIME\n${data}MAIL FROM:<s@s.example> BODY=7BIT\n${data}MAIL FROM:<s@s.example>\n${data}${QUIT}`,
        ),
      ],
      [
        'log_selector = +smtp_mailauth',
        session(
          `${EHLO}MAIL FROM:<s@s.example> AUTH=a+2Bb@c.example\n${data}MAIL FROM:<s@s.example> AUTH=<>\n${data}MAIL FROM:<s@s.example> AUTH=x+\n${QUIT}`,
        ),
      ],
      [
        'acl_smtp_mailauth = accept\nlog_selector = +smtp_mailauth',
        session(`${EHLO}MAIL FROM:<s@s.example> AUTH=a+2Bb@c.example\n${data}MAIL FROM:<s@s.example> AUTH=<>\n${data}${QUIT}`),
      ],
      ['acl_smtp_mailauth = discard', session(`${EHLO}MAIL FROM:<s@s.example> AUTH=a\n${MAIL}${QUIT}`)],
      ['chunking_advertise_hosts =', session(`${ENVELOPE}!raw BDAT 4 LAST\\r\\nNOOP\\r\\n\n!read\n${QUIT}`)],
      [
        'log_selector = +smtp_protocol_error\nsmtp_max_synprot_errors = 30',
        session(`${ENVELOPE}BDAT\nBDAT x\nBDAT 0\nBDAT 99999999999\n${QUIT}`),
      ],
      ['', session(`${ENVELOPE}!raw BDAT 20\\r\\nSubject: x\\r\\n\\r\\nbody\\r\\nBDAT 6 LAST\\r\\nmore\\r\\n\n!read\n!read\n${QUIT}`)],
      ['', session(`${ENVELOPE}!raw BDAT 20\\r\\nSubject: x\\r\\n\\r\\nbody\\r\\nRSET\\r\\n\n!read\n!read\n${MAIL}${data}${QUIT}`)],
      [
        'log_selector = +smtp_protocol_error',
        session(
          `${ENVELOPE}!raw BDAT 20\\r\\nSubject: x\\r\\n\\r\\nbody\\r\\n\n!read\nNOOP\n${MAIL}${RCPT}DATA\nBDAT 0 LAST\nRSET\n${QUIT}`,
        ),
      ],
      ['', session(`${ENVELOPE}!raw BDAT 20\\r\\nSubject: x\\r\\n\\r\\nbody\\r\\n\n!read\n${QUIT}`)],
      ['', session(`${ENVELOPE}!raw BDAT 18 LAST\\r\\nSubject: x\\n\\nbody\\r\\n\n!read\n${QUIT}`)],
    ]),
  ];
}

function proxies(): NetworkCase[] {
  const header = (text: string) => `!open silent\n!raw ${text}\n!read\n${EHLO}${MAIL}${RCPT}${DATA}${QUIT}`;
  const v1 = 'PROXY TCP4 192.0.2.7 192.0.2.8 1111 25\\r\\n';
  const selectors = 'log_selector = +smtp_connection +incoming_port +incoming_interface +proxy';
  return variants('proxy', [
    ['hosts_proxy = *', header(v1)],
    [`hosts_proxy = *\n${selectors}`, header(v1)],
    ['hosts_proxy = 127.0.0.3', header(v1)],
    ['hosts_proxy = *', header('PROXY TCP6 2001:db8::7 2001:db8::8 1111 25\\r\\n')],
    ['hosts_proxy = *', header('PROXY UNKNOWN\\r\\n')],
    ['hosts_proxy = *', header('PROXY TCP4 x y 1 2\\r\\n')],
    ['hosts_proxy = *', header('PROXY BOGUS 192.0.2.7 192.0.2.8 1111 25\\r\\n')],
    ['hosts_proxy = *', header('EHLO x\\r\\n')],
    ['hosts_proxy = *\nproxy_protocol_timeout = 1s', `!open silent\n!read\n${EHLO}${QUIT}`],
    ['hosts_proxy = *', header('\\r\\n\\r\\n\\0\\r\\nQUIT\\n\\x21\\x11\\0\\x0c\\xc0\\0\\x02\\x07\\xc0\\0\\x02\\x08\\x04\\x57\\0\\x19')],
    ['hosts_proxy = *', header('\\r\\n\\r\\n\\0\\r\\nQUIT\\n\\x20\\0\\0\\0')],
    [`hosts_proxy = *\n${selectors}\nhost_lookup = *`, header('PROXY TCP4 127.0.0.6 192.0.2.8 1111 25\\r\\n')],
    [
      `hosts_proxy = *\nacl_smtp_connect = deny hosts = 192.0.2.7 message = $proxy_session $proxy_local_address $proxy_local_port $proxy_external_address $proxy_external_port $sender_host_port $received_ip_address`,
      header(v1),
    ],
    ['hosts_proxy = *\nacl_smtp_rcpt = deny message = $sender_host_address $received_ip_address $received_port $proxy_session', header(v1)],
  ]);
}

function selectors(): NetworkCase[] {
  const names = [
    '8bitmime',
    'acl_warn_skipped',
    'address_rewrite',
    'all_parents',
    'arguments',
    'connection_reject',
    'delay_delivery',
    'deliver_time',
    'delivery_size',
    'dnslist_defer',
    'dnssec',
    'etrn',
    'host_lookup_failed',
    'ident_timeout',
    'incoming_interface',
    'incoming_port',
    'lost_incoming_connection',
    'millisec',
    'msg_id',
    'msg_id_created',
    'outgoing_interface',
    'outgoing_port',
    'pid',
    'pipelining',
    'proxy',
    'protocol_detail',
    'queue_run',
    'queue_time',
    'queue_time_overall',
    'receive_time',
    'received_recipients',
    'received_sender',
    'rejected_header',
    'retry_defer',
    'return_path_on_delivery',
    'sender_on_delivery',
    'sender_verify_fail',
    'size_reject',
    'skip_delivery',
    'smtp_confirmation',
    'smtp_connection',
    'smtp_incomplete_transaction',
    'smtp_mailauth',
    'smtp_no_mail',
    'smtp_protocol_error',
    'smtp_syntax_error',
    'subject',
    'unknown_in_list',
    'tls_cipher',
    'tls_sni',
    'tls_peerdn',
    'tls_on_connect',
  ];
  const acls =
    'r:\n warn condition = ${lookup dnsdb{defer_strict,a=again.example}}\n require verify = sender\n deny local_parts = bad\n accept\nd:\n deny condition = ${if eq{$h_subject:}{bad}}\n accept\n';
  const script = [
    'BOGUS\nMAIL FROM:<@>\nRCPT TO:<x@a.example>\n',
    `MAIL FROM:<s@s.example> BODY=8BITMIME AUTH=a@b.example\nRCPT TO:<bad@a.example>\n${RCPT}RCPT TO:<y>\nRCPT TO:<Y@A.example>\n!data Message-ID: <m@s.example>\\r\\nSubject: s "t"\\r\\n\\r\\n\n`,
    `${MAIL}${RCPT}!data Subject: bad\\r\\n\\r\\n\n`,
    `MAIL FROM:<nobody@a.example>\n${RCPT}RSET\n${MAIL}${RCPT}NOOP\n`,
  ].join('');
  const options = (setting: string) =>
    `log_selector = ${setting}\nacl_smtp_rcpt = r\nacl_smtp_data = d\nhost_lookup = *\nno_queue_only\nsmtp_max_synprot_errors = 10\nmessage_size_limit = 5000`;
  const busy = `${EHLO}${script}MAIL FROM:<s@s.example> SIZE=6000\n`;
  return [
    ...names.flatMap((name) =>
      [`+${name}`, `-${name}`].map((setting) => ({
        name: `selector ${setting}`,
        options: options(setting),
        acls,
        script: `!open from=127.0.0.3\n${busy}!half\n!end\n!open from=127.0.0.4\nNOOP\n${QUIT}`,
      })),
    ),
    ...['+all', '-all', '-all +subject', '+all -pid'].map((setting) => ({
      name: `selector ${setting}`,
      options: options(setting),
      acls,
      script: `${OPEN}${busy}${QUIT}!open\nNOOP\n!half\n!end\n`,
    })),
    ...variants('no mail', [
      ['log_selector = +smtp_no_mail', session(`${EHLO}HELO x\nVRFY\nNOOP\nRSET\n${QUIT}`)],
      ['log_selector = +smtp_no_mail', session('')],
      ['log_selector = +smtp_no_mail\nsmtp_accept_max_nonmail = 50', session(`${'NOOP\n'.repeat(25)}${QUIT}`)],
      ['log_selector = +smtp_no_mail +smtp_connection', session('BOGUS\nBOGUS\nBOGUS\nBOGUS\n')],
      ['log_selector = +smtp_no_mail', session(`MAIL\n${QUIT}`)],
      ['log_selector = +smtp_no_mail\nacl_smtp_connect = deny', session(QUIT)],
      ['log_selector = +smtp_no_mail\nacl_smtp_connect = drop', session(QUIT)],
      ['log_selector = +smtp_no_mail\nsmtp_receive_timeout = 1s', session('!end\n')],
      ['log_selector = +smtp_no_mail\nacl_smtp_helo = drop', session(EHLO)],
    ]),
    ...variants('incomplete', [
      ['log_selector = +smtp_incomplete_transaction', session(`${ENVELOPE}${EHLO}${MAIL}RSET\n${MAIL}HELO x\n${MAIL}${QUIT}`)],
      ['log_selector = +smtp_incomplete_transaction', session(ENVELOPE)],
      ['log_selector = +smtp_incomplete_transaction\nacl_smtp_data = deny', session(`${MESSAGE}${QUIT}`)],
      ['log_selector = +smtp_incomplete_transaction\nacl_smtp_rcpt = deny', session(`${ENVELOPE}${QUIT}`)],
      ['log_selector = +smtp_incomplete_transaction\nacl_smtp_rcpt = drop', session(`${ENVELOPE}`)],
      ['log_selector = +smtp_incomplete_transaction\nacl_smtp_predata = drop', session(`${MESSAGE}`)],
      [
        'log_selector = +smtp_incomplete_transaction\nacl_smtp_helo = deny condition = ${if eq{$sender_helo_name}{client.example}{no}{yes}}',
        session(`${ENVELOPE}HELO y\n${QUIT}`),
      ],
    ]),
  ];
}

function places(): NetworkCase[] {
  const both = `!open a\n@a ${QUIT}!idle\n!open b to=2\n@b ${QUIT}`;
  return variants('places', [
    ['local_interfaces = 127.0.0.1', both],
    ['local_interfaces = 127.0.0.1.PORT1 : 127.0.0.1.PORT2', both],
    ['local_interfaces = [127.0.0.1]:PORT1 : [127.0.0.1]:PORT2', both],
    ['local_interfaces = <; 127.0.0.1 ; 127.0.0.1', both],
    ['local_interfaces = <; 0.0.0.0 ; ::1', both],
    ['local_interfaces = <; [127.0.0.1]:PORT1 ; 127.0.0.1.PORT2 ; 127.0.0.8', both],
    ['daemon_smtp_ports = PORT1\nlocal_interfaces = 127.0.0.1 : 127.0.0.1.PORT2', both],
    ['daemon_smtp_ports = <; PORT1; PORT2', both],
    ['daemon_smtp_port = PORT1', `!open a\n@a ${QUIT}`],
    ['daemon_smtp_ports = PORT1 : bogusservice', both],
    ['daemon_smtp_ports = 99999', both],
    ['daemon_smtp_ports =', both],
    ['local_interfaces = bogus', both],
    ['local_interfaces = 127.0.0.1.x', both],
    ['local_interfaces =', both],
    ['tls_on_connect_ports = bogusservice', both],
    ['disable_ipv6\nlocal_interfaces = <; 127.0.0.1 ; ::1', both],
    ['local_interfaces = <; ::0 ; 127.0.0.1', both],
    ['extra_local_interfaces = 127.0.0.9', both],
    ['rfc1413_hosts = *\nrfc1413_query_timeout = 1s', session(`${MESSAGE}${QUIT}`)],
    ['rfc1413_hosts = *\nrfc1413_query_timeout = 0s', session(`${MESSAGE}${QUIT}`)],
    ['rfc1413_hosts = *\nrfc1413_query_timeout = 1s\nlog_selector = +ident_timeout', session(`${MESSAGE}${QUIT}`)],
  ]);
}

export function extensionCases(): NetworkCase[] {
  return [...offers(), ...queries(), ...parameters(), ...proxies(), ...selectors(), ...places()];
}
