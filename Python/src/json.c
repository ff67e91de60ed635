#include "json.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MAXIMUM_DEPTH = 500 };

static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static int reserve(json_text *text, size_t more) {
  if (more <= text->capacity - text->count) return 0;
  size_t capacity = text->capacity + text->capacity / 2 + more + 256;
  char *data = PyMem_Realloc(text->data, capacity);
  if (!data) {
    PyErr_NoMemory();
    return -1;
  }
  text->data = data;
  text->capacity = capacity;
  return 0;
}

/* The first byte of a string that is a quote, a backslash, a control character, or where `high` is 0x80 no ASCII. */
static const char *plain_end(const char *at, const char *end, unsigned char high) {
  const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
  while (end - at >= 8) {
    uint64_t word;
    memcpy(&word, at, 8);
    uint64_t quotes = word ^ (ones * '"'), slashes = word ^ (ones * '\\');
    uint64_t found = ((quotes - ones) & ~quotes) | ((slashes - ones) & ~slashes) | ((word - ones * 0x20) & ~word);
    if (high) found |= word;
    if (found & tops) break;
    at += 8;
  }
  while (at < end && *at != '"' && *at != '\\' && (unsigned char)*at >= 0x20 && !(high & (unsigned char)*at)) at++;
  return at;
}

/* Reading */

typedef struct {
  json_reader *reader;
  const char *at, *end;
  int depth;
} Parser;

static PyObject *read_value(Parser *parser);

static void skip_space(Parser *parser) {
  while (parser->at < parser->end &&
         (*parser->at == ' ' || *parser->at == '\n' || *parser->at == '\t' || *parser->at == '\r'))
    parser->at++;
}

static int hex4(const char *at, unsigned *value) {
  *value = 0;
  for (int i = 0; i < 4; i++) {
    char c = at[i];
    unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0')
                     : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                     : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                            : 16;
    if (digit > 15) return 0;
    *value = *value * 16 + digit;
  }
  return 1;
}

static size_t put_utf8(char *to, unsigned c) {
  if (c < 0x80) return to[0] = (char)c, 1;
  if (c < 0x800) return to[0] = (char)(0xc0 | c >> 6), to[1] = (char)(0x80 | (c & 0x3f)), 2;
  if (c < 0x10000)
    return to[0] = (char)(0xe0 | c >> 12), to[1] = (char)(0x80 | (c >> 6 & 0x3f)), to[2] = (char)(0x80 | (c & 0x3f)), 3;
  to[0] = (char)(0xf0 | c >> 18), to[1] = (char)(0x80 | (c >> 12 & 0x3f));
  to[2] = (char)(0x80 | (c >> 6 & 0x3f)), to[3] = (char)(0x80 | (c & 0x3f));
  return 4;
}

/* Reads a string after its first quote. Returns where its text is, which is in scratch memory if it has escapes. */
static int read_text(Parser *parser, const char **data, size_t *byte_count) {
  const char *start = parser->at, *end = plain_end(parser->at, parser->end, 0);
  if (end < parser->end && *end == '"') {
    *data = start;
    *byte_count = (size_t)(end - start);
    parser->at = end + 1;
    return 1;
  }
  json_text *scratch = &parser->reader->scratch;
  scratch->count = 0;
  while (1) {
    size_t plain = (size_t)(end - start);
    if (reserve(scratch, plain + 8) < 0) return 0;
    memcpy(scratch->data + scratch->count, start, plain);
    scratch->count += plain;
    if (end == parser->end || (unsigned char)*end < 0x20) return 0;
    if (*end == '"') break;
    if (parser->end - end < 2) return 0;
    char c = end[1];
    start = end + 2;
    const char *from = "\"\\/bfnrt", *to = "\"\\/\b\f\n\r\t", *known = c ? strchr(from, c) : NULL;
    if (known) {
      scratch->data[scratch->count++] = to[known - from];
    } else {
      unsigned code, low;
      if (c != 'u' || parser->end - start < 4 || !hex4(start, &code)) return 0;
      start += 4;
      if (code >= 0xd800 && code < 0xe000) {
        if (code >= 0xdc00 || parser->end - start < 6 || start[0] != '\\' || start[1] != 'u' || !hex4(start + 2, &low) ||
            low < 0xdc00 || low >= 0xe000)
          return 0;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        start += 6;
      }
      scratch->count += put_utf8(scratch->data + scratch->count, code);
    }
    end = plain_end(start, parser->end, 0);
  }
  *data = scratch->data;
  *byte_count = scratch->count;
  parser->at = end + 1;
  return 1;
}

static PyObject *read_key(Parser *parser) {
  const char *data;
  size_t byte_count;
  if (!read_text(parser, &data, &byte_count)) return NULL;
  if (byte_count > 64) return PyUnicode_DecodeUTF8(data, (Py_ssize_t)byte_count, NULL);
  uint64_t hash = byte_count * 0x9e3779b97f4a7c15u, word = 0;
  size_t at = 0;
  for (; at + 8 <= byte_count; at += 8) {
    memcpy(&word, data + at, 8);
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
  }
  word = 0;
  memcpy(&word, data + at, byte_count - at);
  hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
  size_t slot = (size_t)(hash >> 55);
  json_reader *reader = parser->reader;
  PyObject *known = reader->keys[slot];
  if (known && reader->texts[slot].byte_count == byte_count && memcmp(reader->texts[slot].data, data, byte_count) == 0)
    return Py_NewRef(known);
  PyObject *key = PyUnicode_DecodeUTF8(data, (Py_ssize_t)byte_count, NULL);
  if (!key) return NULL;
  Py_ssize_t size;
  const char *text = PyUnicode_AsUTF8AndSize(key, &size);
  if (!text) {
    Py_DECREF(key);
    return NULL;
  }
  Py_XDECREF(known);
  reader->keys[slot] = Py_NewRef(key);
  reader->texts[slot].data = text;
  reader->texts[slot].byte_count = (size_t)size;
  return key;
}

static PyObject *read_number(Parser *parser) {
  const char *start = parser->at, *at = start, *end = parser->end;
  int is_negative = at < end && *at == '-';
  at += is_negative;
  const char *digits = at;
  uint64_t mantissa = 0;
  while (at < end && *at >= '0' && *at <= '9') mantissa = mantissa * 10 + (uint64_t)(*at++ - '0');
  size_t whole = (size_t)(at - digits), count = whole;
  if (!whole || (whole > 1 && *digits == '0')) return NULL;
  int exponent = 0, is_float = 0;
  if (at < end && *at == '.') {
    is_float = 1;
    const char *fraction = ++at;
    while (at < end && *at >= '0' && *at <= '9') mantissa = mantissa * 10 + (uint64_t)(*at++ - '0');
    if (at == fraction) return NULL;
    count += (size_t)(at - fraction);
    exponent = -(int)(at - fraction);
  }
  if (at < end && (*at == 'e' || *at == 'E')) {
    is_float = 1;
    at++;
    int sign = 1, power = 0;
    if (at < end && (*at == '-' || *at == '+')) sign = *at++ == '-' ? -1 : 1;
    const char *first = at;
    while (at < end && *at >= '0' && *at <= '9' && power < 100000) power = power * 10 + (*at++ - '0');
    if (at == first || (at < end && *at >= '0' && *at <= '9')) return NULL;
    exponent += sign * power;
  }
  parser->at = at;
  if (count <= 18 && !is_float) return PyLong_FromLongLong(is_negative ? -(long long)mantissa : (long long)mantissa);
  if (count <= 18 && mantissa <= (uint64_t)1 << 53 && exponent >= -22 && exponent <= 22) {
    /* Both are exact, so that the quotient or product is the nearest number. */
    double value = (double)mantissa;
    value = exponent < 0 ? value / powers[-exponent] : value * powers[exponent];
    return PyFloat_FromDouble(is_negative ? -value : value);
  }
  size_t byte_count = (size_t)(at - start);
  json_text *scratch = &parser->reader->scratch;
  scratch->count = 0;
  if (reserve(scratch, byte_count + 1) < 0) return NULL;
  memcpy(scratch->data, start, byte_count);
  scratch->data[byte_count] = 0;
  if (!is_float) return byte_count > 4000 ? NULL : PyLong_FromString(scratch->data, NULL, 10);
  double value = PyOS_string_to_double(scratch->data, NULL, NULL);
  if (value == -1.0 && PyErr_Occurred()) return NULL;
  return isfinite(value) ? PyFloat_FromDouble(value) : NULL;
}

static int push(json_reader *reader, PyObject *value) {
  if (reader->count == reader->capacity) {
    size_t capacity = reader->capacity * 2 + 64;
    PyObject **values = PyMem_Realloc(reader->values, capacity * sizeof *values);
    if (!values) {
      Py_DECREF(value);
      PyErr_NoMemory();
      return -1;
    }
    reader->values = values;
    reader->capacity = capacity;
  }
  reader->values[reader->count++] = value;
  return 0;
}

static PyObject *read_list(Parser *parser) {
  json_reader *reader = parser->reader;
  size_t first = reader->count;
  skip_space(parser);
  if (parser->at < parser->end && *parser->at == ']') {
    parser->at++;
    return PyList_New(0);
  }
  PyObject *list = NULL;
  while (1) {
    PyObject *value = read_value(parser);
    if (!value || push(reader, value) < 0) break;
    skip_space(parser);
    if (parser->at == parser->end) break;
    char c = *parser->at++;
    if (c == ',') continue;
    if (c != ']') break;
    list = PyList_New((Py_ssize_t)(reader->count - first));
    for (size_t i = first; list && i < reader->count; i++)
      PyList_SetItem(list, (Py_ssize_t)(i - first), Py_NewRef(reader->values[i]));
    break;
  }
  while (reader->count > first) Py_DECREF(reader->values[--reader->count]);
  return list;
}

static PyObject *read_dict(Parser *parser) {
  PyObject *dict = PyDict_New();
  if (!dict) return NULL;
  skip_space(parser);
  if (parser->at < parser->end && *parser->at == '}') {
    parser->at++;
    return dict;
  }
  while (1) {
    skip_space(parser);
    if (parser->at == parser->end || *parser->at++ != '"') break;
    PyObject *key = read_key(parser);
    if (!key) break;
    skip_space(parser);
    PyObject *value = parser->at < parser->end && *parser->at++ == ':' ? read_value(parser) : NULL;
    int is_set = value && PyDict_SetItem(dict, key, value) == 0;
    Py_DECREF(key);
    Py_XDECREF(value);
    if (!is_set) break;
    skip_space(parser);
    if (parser->at == parser->end) break;
    char c = *parser->at++;
    if (c == ',') continue;
    if (c == '}') return dict;
    break;
  }
  Py_DECREF(dict);
  return NULL;
}

static int read_word(Parser *parser, const char *word) {
  size_t byte_count = strlen(word);
  if ((size_t)(parser->end - parser->at) < byte_count || memcmp(parser->at, word, byte_count) != 0) return 0;
  parser->at += byte_count;
  return 1;
}

static PyObject *read_value(Parser *parser) {
  skip_space(parser);
  if (parser->at == parser->end) return NULL;
  const char *data;
  size_t byte_count;
  PyObject *value;
  switch (*parser->at) {
  case '"':
    parser->at++;
    if (!read_text(parser, &data, &byte_count)) return NULL;
    return PyUnicode_DecodeUTF8(data, (Py_ssize_t)byte_count, NULL);
  case '{':
  case '[':
    if (++parser->depth > MAXIMUM_DEPTH) return NULL;
    value = *parser->at++ == '{' ? read_dict(parser) : read_list(parser);
    parser->depth--;
    return value;
  case 'n': return read_word(parser, "null") ? Py_NewRef(Py_None) : NULL;
  case 't': return read_word(parser, "true") ? Py_NewRef(Py_True) : NULL;
  case 'f': return read_word(parser, "false") ? Py_NewRef(Py_False) : NULL;
  default: return read_number(parser);
  }
}

PyObject *json_read(json_reader *reader, const char *data, size_t byte_count) {
  Parser parser = {.reader = reader, .at = data, .end = data + byte_count};
  PyObject *value = read_value(&parser);
  if (value) {
    skip_space(&parser);
    if (parser.at == parser.end) return value;
    Py_DECREF(value);
  }
  /* Another reader finds out what is wrong, if anything is. */
  if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_MemoryError)) PyErr_Clear();
  return NULL;
}

void json_reader_free(json_reader *reader) {
  for (size_t i = 0; i < sizeof reader->keys / sizeof reader->keys[0]; i++) Py_XDECREF(reader->keys[i]);
  PyMem_Free(reader->values);
  PyMem_Free(reader->scratch.data);
}

/* Writing */

int json_put(json_text *text, const char *data, size_t byte_count) {
  if (reserve(text, byte_count) < 0) return -1;
  memcpy(text->data + text->count, data, byte_count);
  text->count += byte_count;
  return 1;
}

static int write_text(json_text *text, PyObject *value) {
  Py_ssize_t size;
  const char *at = PyUnicode_AsUTF8AndSize(value, &size);
  if (!at) {
    if (PyErr_ExceptionMatches(PyExc_MemoryError)) return -1;
    PyErr_Clear();
    return 0;
  }
  const char *end = at + size;
  if (reserve(text, (size_t)size + 2) < 0) return -1;
  text->data[text->count++] = '"';
  while (1) {
    const char *next = plain_end(at, end, 0);
    size_t plain = (size_t)(next - at);
    if (reserve(text, plain + 8) < 0) return -1;
    memcpy(text->data + text->count, at, plain);
    text->count += plain;
    if (next == end) break;
    unsigned char c = (unsigned char)*next;
    const char *from = "\"\\\b\f\n\r\t", *to = "\"\\bfnrt", *known = c ? strchr(from, c) : NULL;
    char *out = text->data + text->count;
    out[0] = '\\';
    if (known) {
      out[1] = to[known - from];
      text->count += 2;
    } else {
      memcpy(out + 1, "u00", 3);
      out[4] = "0123456789abcdef"[c >> 4];
      out[5] = "0123456789abcdef"[c & 15];
      text->count += 6;
    }
    at = next + 1;
  }
  text->data[text->count++] = '"';
  return 1;
}

static size_t put_number(char *to, uint64_t value) {
  char digits[20];
  size_t count = 0;
  do digits[count++] = (char)('0' + value % 10);
  while (value /= 10);
  for (size_t i = 0; i < count; i++) to[i] = digits[count - 1 - i];
  return count;
}

static int write_int(json_text *text, PyObject *value) {
  int overflow;
  long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
  if (number == -1 && PyErr_Occurred()) return -1;
  if (!overflow) {
    if (reserve(text, 24) < 0) return -1;
    if (number < 0) text->data[text->count++] = '-';
    uint64_t size = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    text->count += put_number(text->data + text->count, size);
    return 1;
  }
  PyObject *digits = PyObject_Str(value);
  if (!digits) {
    /* More digits than Python converts. */
    PyErr_Clear();
    return 0;
  }
  Py_ssize_t size;
  const char *data = PyUnicode_AsUTF8AndSize(digits, &size);
  int result = data ? json_put(text, data, (size_t)size) : -1;
  Py_DECREF(digits);
  return result;
}

static int write_float(json_text *text, double value) {
  if (!isfinite(value)) return 0;
  if (reserve(text, 40) < 0) return -1;
  double size = fabs(value);
  if (size < 1e15 && (size >= 1e-4 || size == 0)) {
    /* The fewest digits that give the same number: the quotient of two exact numbers is the nearest one. */
    for (int places = 1; places <= 17; places++) {
      double scaled = nearbyint(size * powers[places]);
      if (scaled >= 9007199254740992.0) break;
      if (scaled / powers[places] != size) continue;
      uint64_t digits = (uint64_t)scaled, unit = (uint64_t)powers[places];
      char *out = text->data + text->count;
      size_t count = 0;
      if (signbit(value)) out[count++] = '-';
      count += put_number(out + count, digits / unit);
      out[count++] = '.';
      uint64_t fraction = digits % unit;
      for (int i = places - 1; i >= 0; i--) {
        out[count + (size_t)i] = (char)('0' + fraction % 10);
        fraction /= 10;
      }
      text->count += count + (size_t)places;
      return 1;
    }
  }
  char *digits = PyOS_double_to_string(value, 'r', 0, Py_DTSF_ADD_DOT_0, NULL);
  if (!digits) return -1;
  int result = json_put(text, digits, strlen(digits));
  PyMem_Free(digits);
  return result;
}

static int write_value(json_text *text, PyObject *value, int depth) {
  if (value == Py_None) return json_put(text, "null", 4);
  if (value == Py_True) return json_put(text, "true", 4);
  if (value == Py_False) return json_put(text, "false", 5);
  if (PyUnicode_CheckExact(value)) return write_text(text, value);
  if (PyLong_CheckExact(value)) return write_int(text, value);
  if (PyFloat_CheckExact(value)) return write_float(text, PyFloat_AsDouble(value));
  if (depth >= MAXIMUM_DEPTH) return 0;
  if (PyDict_CheckExact(value)) {
    Py_ssize_t position = 0;
    PyObject *key, *item;
    size_t start = text->count;
    if (json_put(text, "{", 1) < 0) return -1;
    while (PyDict_Next(value, &position, &key, &item)) {
      if (text->count > start + 1 && json_put(text, ",", 1) < 0) return -1;
      if (!PyUnicode_CheckExact(key)) return 0;
      int result = write_text(text, key);
      if (result < 1) return result;
      if (json_put(text, ":", 1) < 0) return -1;
      result = write_value(text, item, depth + 1);
      if (result < 1) return result;
    }
    return json_put(text, "}", 1);
  }
  if (PyList_CheckExact(value)) {
    if (json_put(text, "[", 1) < 0) return -1;
    /* Its length is asked for again: nothing here runs Python, and another thread cannot run meanwhile. */
    for (Py_ssize_t i = 0; i < PyList_Size(value); i++) {
      if (i && json_put(text, ",", 1) < 0) return -1;
      int result = write_value(text, PyList_GetItem(value, i), depth + 1);
      if (result < 1) return result;
    }
    return json_put(text, "]", 1);
  }
  return 0;
}

int json_write(json_text *text, PyObject *value) {
  size_t before = text->count;
  int result = write_value(text, value, 0);
  if (result < 1) text->count = before;
  return result;
}
