/* The interface between PCRE2 and src/system/regex.ts. Nothing is imported from the host: what is exported here is all
 * that the WebAssembly module can do. One subject buffer and one match block serve all patterns, because matching is
 * synchronous.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include "pcre2.h"

#define EXPORT(name) __attribute__((export_name(name)))

#define TEXT_SIZE 256
#define DEFAULT_PAIRS 64

static pcre2_compile_context *compile_context;
static pcre2_match_context *match_context;
static pcre2_match_data *match_data;
static uint32_t match_pairs;

static uint8_t *buffer;
static uint32_t buffer_size;

/* The work a match may still do. pcre2_match.c is compiled to call the function below in every basic block, because PCRE2's own
 * limits do not count the octets that a repeat passes over, and a search that is quadratic in them takes minutes. A trap
 * ends the instance. */
static uint64_t work_left;

void __sanitizer_cov_trace_pc(void)
{
  if (__builtin_expect(work_left-- == 0, 0)) __builtin_trap();
}

/* Stands for memcmp() in pcre2_match.c, which compares back references with it. */
int counted_memcmp(const void *a, const void *b, size_t length)
{
  size_t cost = length / 2;
  if (work_left < cost) __builtin_trap();
  work_left -= cost;
  return memcmp(a, b, length);
}

static int compile_error;
static PCRE2_SIZE compile_error_offset;
static uint8_t text[TEXT_SIZE];

/* Replaces the match block by one for at least `pairs` pairs of offsets. Returns 0 when memory is short. */
static int reserve_pairs(uint32_t pairs)
{
  if (match_data != NULL && pairs <= match_pairs) return 1;
  if (pairs < DEFAULT_PAIRS) pairs = DEFAULT_PAIRS;
  pcre2_match_data *larger = pcre2_match_data_create(pairs, NULL);
  if (larger == NULL) return 0;
  if (match_data != NULL) pcre2_match_data_free(match_data);
  match_data = larger;
  match_pairs = pairs;
  return 1;
}

/* To be called once. Sizes in octets, the heap limit in KiB. Returns 0 when memory is short. */
EXPORT("initialize") int initialize(uint32_t max_pattern_length, uint32_t heap_limit_kib)
{
  compile_context = pcre2_compile_context_create(NULL);
  match_context = pcre2_match_context_create(NULL);
  if (compile_context == NULL || match_context == NULL || !reserve_pairs(DEFAULT_PAIRS)) return 0;
  pcre2_set_max_pattern_length(compile_context, max_pattern_length);
  pcre2_set_heap_limit(match_context, heap_limit_kib);
  return 1;
}

/* The buffer into which the host writes a pattern or a subject; 0 when memory is short. Its content does not survive. */
EXPORT("reserve_buffer") uint8_t *reserve_buffer(uint32_t size)
{
  if (size <= buffer_size) return buffer;
  free(buffer);
  buffer = malloc(size);
  buffer_size = buffer == NULL ? 0 : size;
  return buffer;
}

/* Compiles the pattern in the buffer. NULL: see error_code() and error_offset(). */
EXPORT("compile") pcre2_code *compile(uint32_t length, uint32_t options)
{
  uint32_t captures = 0;
  pcre2_code *code = pcre2_compile(buffer, length, options, &compile_error, &compile_error_offset, compile_context);
  if (code == NULL) return NULL;
  pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &captures);
  if (reserve_pairs(captures + 1)) return code;
  pcre2_code_free(code);
  compile_error = PCRE2_ERROR_NOMEMORY;
  compile_error_offset = 0;
  return NULL;
}

EXPORT("error_code") int error_code(void) { return compile_error; }
EXPORT("error_offset") uint32_t error_offset(void) { return compile_error_offset; }

EXPORT("free_code") void free_code(pcre2_code *code) { pcre2_code_free(code); }

/* Matches `length` octets of the buffer. `steps` limits backtracking, `work` the basic blocks that are run; when that is
 * used up the call traps. The result is pcre2_match()'s: the number of pairs set, or an error < 0. */
EXPORT("match") int match(const pcre2_code *code, uint32_t length, uint32_t start, uint32_t options, uint32_t steps, double work)
{
  work_left = (uint64_t)work;
  pcre2_set_match_limit(match_context, steps);
  pcre2_set_depth_limit(match_context, steps);
  return pcre2_match(code, buffer, length, start, options, match_data, match_context);
}

/* Where the pairs of offsets are (32 bits each, 0xFFFFFFFF = unset); changes only during compile(). */
EXPORT("offsets") PCRE2_SIZE *offsets(void) { return pcre2_get_ovector_pointer(match_data); }

/* Where the text for an error number is; ends with a NUL. */
EXPORT("error_text") uint8_t *error_text(int code)
{
  pcre2_get_error_message(code, text, TEXT_SIZE);
  return text;
}

static uint32_t info(const pcre2_code *code, uint32_t what)
{
  uint32_t value = 0;
  pcre2_pattern_info(code, what, &value);
  return value;
}

EXPORT("capture_count") uint32_t capture_count(const pcre2_code *code) { return info(code, PCRE2_INFO_CAPTURECOUNT); }
EXPORT("name_count") uint32_t name_count(const pcre2_code *code) { return info(code, PCRE2_INFO_NAMECOUNT); }
EXPORT("name_entry_size") uint32_t name_entry_size(const pcre2_code *code) { return info(code, PCRE2_INFO_NAMEENTRYSIZE); }

/* Entries of name_entry_size() octets: the group's number (big-endian, 16 bits), then its name with a NUL. */
EXPORT("name_table") PCRE2_SPTR name_table(const pcre2_code *code)
{
  PCRE2_SPTR table = NULL;
  pcre2_pattern_info(code, PCRE2_INFO_NAMETABLE, &table);
  return table;
}

/* The memory that the compiled pattern takes, in octets. */
EXPORT("code_size") uint32_t code_size(const pcre2_code *code)
{
  PCRE2_SIZE size = 0;
  pcre2_pattern_info(code, PCRE2_INFO_SIZE, &size);
  return size;
}
