/* JSON text to Python objects and back, for what is common; everything else is left to Python. */
#ifndef ZARR_VLEN_JSON_H
#define ZARR_VLEN_JSON_H

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030c0000
#include <Python.h>
#include <stddef.h>

/* Bytes that grow. */
typedef struct {
  char *data;
  size_t count, capacity;
} json_text;

/* Strings that were keys before, and the values of lists that are not complete. */
typedef struct {
  PyObject *keys[512];
  struct {
    const char *data;
    size_t byte_count;
  } texts[512];
  PyObject **values;
  size_t count, capacity;
  json_text scratch;
} json_reader;

/* Returns the value of JSON text, or NULL: without an error where the text needs a reader that takes more. */
PyObject *json_read(json_reader *reader, const char *data, size_t byte_count);
void json_reader_free(json_reader *reader);

/* Appends bytes. Returns 1, or -1 with an error. */
int json_put(json_text *text, const char *data, size_t byte_count);

/* Appends a value as text. Returns 1, 0 for a value that has to be looked at by Python, or -1 with an error. */
int json_write(json_text *text, PyObject *value);

#endif
