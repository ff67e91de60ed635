/* What the files of the extension share. */
#ifndef ZARR_VLEN_NATIVE_H
#define ZARR_VLEN_NATIVE_H

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030c0000
#include <Python.h>

#include "zarr_vlen.h"

/* NumPy: the beginning of its arrays, and the functions for text, which are in a table that any version has. */

typedef struct {
  PyObject_HEAD
  char *data;
  int nd;
  Py_ssize_t *dimensions;
  Py_ssize_t *strides;
  PyObject *base;
  PyObject *descr;
} Array;

typedef struct npy_string_allocator npy_string_allocator;
typedef struct {
  size_t size;
  const char *buf;
} npy_static_string;

typedef struct {
  /* Returns 1 for an element that is absent. */
  int (*load)(npy_string_allocator *, const void *, npy_static_string *);
  int (*pack)(npy_string_allocator *, void *, const char *, size_t);
  npy_string_allocator *(*acquire)(const PyObject *);
  void (*release)(npy_string_allocator *);
  PyObject *array_type;
} NumPy;

extern NumPy numpy;

/* Returns NULL with an error for anything but an array. */
Array *as_array(PyObject *object);

/* Raises what the library says of a failure, and returns NULL. */
PyObject *raise_failure(const zarr_vlen_error *error);

/* Objects of types that were made here, in bulk.c. */
PyObject *new_object(PyTypeObject *type);
void free_object(PyObject *self);

/* For "O&": finds the zarr_vlen_monitor * of a monitor, or NULL for None. */
int take_monitor(PyObject *object, void *monitor);

/* Makes an object of an array, which it takes over. */
PyObject *new_array(zarr_vlen_array *array);

/* Returns NULL, without an error, for anything but a store, in store.c. */
const zarr_vlen_opened_store *as_store(PyObject *object);

/* Adds the types and functions for whole arrays, in bulk.c, and for stores, in store.c. */
int add_bulk(PyObject *module);
int add_stores(PyObject *module);

#endif
