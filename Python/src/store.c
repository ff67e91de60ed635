/* Stores that are opened by their URLs, and values that they have. The lock of the interpreter is not held while bytes
 * move. */
#include <stdlib.h>
#include <string.h>

#include "native.h"

static PyTypeObject *StoreType, *ValueType;

/* Values */

typedef struct {
  PyObject_HEAD
  zarr_vlen_value *value;
} Value;

static void value_dealloc(Value *self) {
  zarr_vlen_value_free(self->value);
  free_object((PyObject *)self);
}

static Py_ssize_t value_length(Value *self) { return (Py_ssize_t)zarr_vlen_value_get(self->value).byte_count; }

static int value_get_buffer(Value *self, Py_buffer *view, int flags) {
  zarr_vlen_bytes bytes = zarr_vlen_value_get(self->value);
  void *data = bytes.data ? (void *)bytes.data : (void *)"";
  return PyBuffer_FillInfo(view, (PyObject *)self, data, (Py_ssize_t)bytes.byte_count, 1, flags);
}

static PyType_Slot value_slots[] = {
    {Py_tp_dealloc, value_dealloc},
    {Py_sq_length, value_length},
    {Py_bf_getbuffer, value_get_buffer},
    {0, NULL},
};

/* Stores */

typedef struct {
  PyObject_HEAD
  zarr_vlen_opened_store *store;
} Store;

/* Returns NULL, without an error, for what is no store. */
const zarr_vlen_opened_store *as_store(PyObject *object) {
  return Py_TYPE(object) == StoreType ? ((Store *)object)->store : NULL;
}

/* Store(url, options, is_writable, monitor): options are pairs of text. */
static PyObject *store_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords) {
  const char *url;
  PyObject *pairs;
  int is_writable;
  zarr_vlen_monitor *monitor;
  if (!PyArg_ParseTuple(arguments, "sO!pO&", &url, &PyTuple_Type, &pairs, &is_writable, take_monitor, &monitor))
    return NULL;
  Py_ssize_t count = PyTuple_Size(pairs);
  zarr_vlen_option *options = PyMem_Calloc((size_t)count + 1, sizeof *options);
  if (!options) return PyErr_NoMemory();
  for (Py_ssize_t i = 0; i < count; i++) {
    PyObject *pair = PyTuple_GetItem(pairs, i);
    if (!PyTuple_Check(pair) || !PyArg_ParseTuple(pair, "ss", &options[i].name, &options[i].value)) {
      if (!PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, "an option is a pair");
      PyMem_Free(options);
      return NULL;
    }
  }
  zarr_vlen_error error;
  zarr_vlen_opened_store *made;
  Py_BEGIN_ALLOW_THREADS
  made = zarr_vlen_store_open(url, is_writable, options, (size_t)count, NULL, monitor, &error);
  Py_END_ALLOW_THREADS
  PyMem_Free(options);
  if (!made) return raise_failure(&error);
  Store *self = (Store *)new_object(type);
  if (self) self->store = made;
  else zarr_vlen_store_free(made);
  return (PyObject *)self;
}

static void store_dealloc(Store *self) {
  zarr_vlen_opened_store *store = self->store;
  /* An archive may have a lock that a server is told of. */
  Py_BEGIN_ALLOW_THREADS
  zarr_vlen_store_free(store);
  Py_END_ALLOW_THREADS
  free_object((PyObject *)self);
}

/* get(key, first, count, monitor): the size of the value, and its bytes from first on, or the last ones if that is -1;
 * None if there is no such value. */
static PyObject *store_get(Store *self, PyObject *arguments) {
  const char *key;
  long long first, count;
  zarr_vlen_monitor *monitor;
  if (!PyArg_ParseTuple(arguments, "sLLO&", &key, &first, &count, take_monitor, &monitor)) return NULL;
  zarr_vlen_error error;
  zarr_vlen_value *value;
  bool is_done;
  Py_BEGIN_ALLOW_THREADS
  is_done = zarr_vlen_store_get(self->store, key, first, count, &value, monitor, &error);
  Py_END_ALLOW_THREADS
  if (!is_done) return raise_failure(&error);
  if (!value) Py_RETURN_NONE;
  Value *made = (Value *)new_object(ValueType);
  if (!made) {
    zarr_vlen_value_free(value);
    return NULL;
  }
  made->value = value;
  return Py_BuildValue("(KN)", (unsigned long long)zarr_vlen_value_size(value), made);
}

/* set(key, data, only_if_absent, monitor) */
static PyObject *store_set(Store *self, PyObject *arguments) {
  const char *key;
  Py_buffer data;
  int only_if_absent;
  zarr_vlen_monitor *monitor;
  if (!PyArg_ParseTuple(arguments, "sy*pO&", &key, &data, &only_if_absent, take_monitor, &monitor)) return NULL;
  zarr_vlen_error error;
  bool is_done;
  Py_BEGIN_ALLOW_THREADS
  is_done = (only_if_absent ? zarr_vlen_store_set_if_absent : zarr_vlen_store_set)(
      self->store, key, data.buf, (size_t)data.len, monitor, &error);
  Py_END_ALLOW_THREADS
  PyBuffer_Release(&data);
  if (!is_done) return raise_failure(&error);
  Py_RETURN_NONE;
}

static PyObject *remove_from(Store *self, PyObject *arguments, __typeof__(&zarr_vlen_store_delete) remove) {
  const char *name;
  zarr_vlen_monitor *monitor;
  if (!PyArg_ParseTuple(arguments, "sO&", &name, take_monitor, &monitor)) return NULL;
  zarr_vlen_error error;
  bool is_done;
  Py_BEGIN_ALLOW_THREADS
  is_done = remove(self->store, name, monitor, &error);
  Py_END_ALLOW_THREADS
  if (!is_done) return raise_failure(&error);
  Py_RETURN_NONE;
}

/* delete(key, monitor) */
static PyObject *store_delete(Store *self, PyObject *arguments) {
  return remove_from(self, arguments, zarr_vlen_store_delete);
}

/* delete_all(prefix, monitor) */
static PyObject *store_delete_all(Store *self, PyObject *arguments) {
  return remove_from(self, arguments, zarr_vlen_store_delete_all);
}

/* Names, each with a NUL after it. */
typedef struct {
  char *text;
  size_t byte_count, capacity;
  int has_no_memory;
} Names;

static void take_name(void *context, const char *name) {
  Names *names = context;
  size_t added = strlen(name) + 1;
  if (names->has_no_memory) return;
  if (names->capacity - names->byte_count < added) {
    size_t capacity = 2 * names->capacity + added + 4096;
    char *longer = realloc(names->text, capacity);
    if (!longer) {
      names->has_no_memory = 1;
      return;
    }
    names->text = longer;
    names->capacity = capacity;
  }
  memcpy(names->text + names->byte_count, name, added);
  names->byte_count += added;
}

/* list(prefix, is_deep, monitor): the keys with a prefix, or the names directly below it. */
static PyObject *store_list(Store *self, PyObject *arguments) {
  const char *prefix;
  int is_deep;
  zarr_vlen_monitor *monitor;
  if (!PyArg_ParseTuple(arguments, "spO&", &prefix, &is_deep, take_monitor, &monitor)) return NULL;
  Names names = {0};
  zarr_vlen_error error;
  bool is_done;
  Py_BEGIN_ALLOW_THREADS
  is_done = (is_deep ? zarr_vlen_store_list : zarr_vlen_store_list_directory)(
      self->store, prefix, take_name, &names, monitor, &error);
  Py_END_ALLOW_THREADS
  PyObject *list = NULL;
  if (!is_done) raise_failure(&error);
  else if (names.has_no_memory) PyErr_NoMemory();
  else list = PyList_New(0);
  for (size_t at = 0; list && at < names.byte_count; at += strlen(names.text + at) + 1) {
    PyObject *name = PyUnicode_DecodeUTF8(names.text + at, (Py_ssize_t)strlen(names.text + at), "surrogateescape");
    if (!name || PyList_Append(list, name) < 0) Py_CLEAR(list);
    Py_XDECREF(name);
  }
  free(names.text);
  return list;
}

/* array(path, monitor, cache_byte_count, cache_check_seconds) */
static PyObject *store_array(Store *self, PyObject *arguments) {
  const char *path;
  zarr_vlen_monitor *monitor;
  unsigned long long cache_byte_count = 0;
  double cache_check_seconds = 0;
  if (!PyArg_ParseTuple(
          arguments, "sO&|Kd", &path, take_monitor, &monitor, &cache_byte_count, &cache_check_seconds))
    return NULL;
  zarr_vlen_settings settings = {
      .cache_byte_count = cache_byte_count, .cache_check_seconds = cache_check_seconds};
  zarr_vlen_error error;
  zarr_vlen_array *array;
  Py_BEGIN_ALLOW_THREADS
  array = zarr_vlen_array_open_at(self->store, path, &settings, monitor, &error);
  Py_END_ALLOW_THREADS
  return array ? new_array(array) : raise_failure(&error);
}

/* finish(monitor) */
static PyObject *store_finish(Store *self, PyObject *arguments) {
  zarr_vlen_monitor *monitor;
  if (!PyArg_ParseTuple(arguments, "O&", take_monitor, &monitor)) return NULL;
  zarr_vlen_error error;
  bool is_done;
  Py_BEGIN_ALLOW_THREADS
  is_done = zarr_vlen_store_finish(self->store, monitor, &error);
  Py_END_ALLOW_THREADS
  if (!is_done) return raise_failure(&error);
  Py_RETURN_NONE;
}

static PyObject *store_get_location(Store *self, void *unused) {
  const char *location = zarr_vlen_store_describe(self->store).location;
  return PyUnicode_DecodeUTF8(location, (Py_ssize_t)strlen(location), "surrogateescape");
}

static PyObject *store_get_request_concurrency(Store *self, void *unused) {
  return PyLong_FromLong(zarr_vlen_store_describe(self->store).request_concurrency);
}

static PyObject *store_get_is_listable(Store *self, void *unused) {
  return PyBool_FromLong(zarr_vlen_store_describe(self->store).is_listable);
}

static PyObject *store_get_has_to_be_finished(Store *self, void *unused) {
  return PyBool_FromLong(zarr_vlen_store_describe(self->store).has_to_be_finished);
}

static PyGetSetDef store_properties[] = {
    {"location", (getter)store_get_location, NULL, NULL, NULL},
    {"request_concurrency", (getter)store_get_request_concurrency, NULL, NULL, NULL},
    {"is_listable", (getter)store_get_is_listable, NULL, NULL, NULL},
    {"has_to_be_finished", (getter)store_get_has_to_be_finished, NULL, NULL, NULL},
    {0},
};

static PyMethodDef store_methods[] = {
    {"get", (PyCFunction)store_get, METH_VARARGS, NULL},
    {"set", (PyCFunction)store_set, METH_VARARGS, NULL},
    {"delete", (PyCFunction)store_delete, METH_VARARGS, NULL},
    {"delete_all", (PyCFunction)store_delete_all, METH_VARARGS, NULL},
    {"list", (PyCFunction)store_list, METH_VARARGS, NULL},
    {"array", (PyCFunction)store_array, METH_VARARGS, NULL},
    {"finish", (PyCFunction)store_finish, METH_VARARGS, NULL},
    {0},
};

static PyType_Slot store_slots[] = {
    {Py_tp_new, store_new},
    {Py_tp_dealloc, store_dealloc},
    {Py_tp_getset, store_properties},
    {Py_tp_methods, store_methods},
    {0, NULL},
};

/* Plans */

typedef struct {
  PyObject_HEAD
  zarr_vlen_plan *plan;
} Plan;

/* Plan(store, path, metadata, part_count, monitor) */
static PyObject *plan_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords) {
  PyObject *store;
  const char *path, *metadata;
  Py_ssize_t byte_count;
  long long part_count;
  zarr_vlen_monitor *monitor;
  if (!PyArg_ParseTuple(
          arguments, "Osy#LO&", &store, &path, &metadata, &byte_count, &part_count, take_monitor, &monitor))
    return NULL;
  const zarr_vlen_opened_store *opened = as_store(store);
  if (!opened) {
    PyErr_SetString(PyExc_TypeError, "a store is needed");
    return NULL;
  }
  zarr_vlen_error error;
  zarr_vlen_plan *made;
  Py_BEGIN_ALLOW_THREADS
  made = zarr_vlen_plan_create(opened, path, metadata, (size_t)byte_count, part_count, monitor, &error);
  Py_END_ALLOW_THREADS
  if (!made) return raise_failure(&error);
  Plan *self = (Plan *)new_object(type);
  if (self) self->plan = made;
  else zarr_vlen_plan_free(made);
  return (PyObject *)self;
}

static void plan_dealloc(Plan *self) {
  zarr_vlen_plan_free(self->plan);
  free_object((PyObject *)self);
}

/* region(part, rank): pairs of the first index along each dimension, and the one after the last. */
static PyObject *plan_region(Plan *self, PyObject *arguments) {
  long long part;
  Py_ssize_t rank;
  if (!PyArg_ParseTuple(arguments, "Ln", &part, &rank)) return NULL;
  int64_t start[64], count[64];
  if (rank < 0 || rank > 64) {
    PyErr_SetString(PyExc_ValueError, "an array has at most 64 dimensions");
    return NULL;
  }
  zarr_vlen_error error;
  if (!zarr_vlen_plan_region(self->plan, part, start, count, (size_t)rank, &error)) return raise_failure(&error);
  PyObject *list = PyList_New(rank);
  for (Py_ssize_t d = 0; list && d < rank; d++) {
    PyObject *pair = Py_BuildValue("(LL)", (long long)start[d], (long long)(start[d] + count[d]));
    if (pair) PyList_SetItem(list, d, pair);
    else Py_CLEAR(list);
  }
  return list;
}

/* mark_done(part, monitor) */
static PyObject *plan_mark_done(Plan *self, PyObject *arguments) {
  long long part;
  zarr_vlen_monitor *monitor;
  if (!PyArg_ParseTuple(arguments, "LO&", &part, take_monitor, &monitor)) return NULL;
  zarr_vlen_error error;
  bool is_done;
  Py_BEGIN_ALLOW_THREADS
  is_done = zarr_vlen_plan_mark_done(self->plan, part, monitor, &error);
  Py_END_ALLOW_THREADS
  if (!is_done) return raise_failure(&error);
  Py_RETURN_NONE;
}

typedef struct {
  int64_t *numbers;
  size_t count, capacity;
  int has_no_memory;
} Numbers;

static void take_number(void *context, int64_t number) {
  Numbers *all = context;
  if (all->count == all->capacity) {
    size_t capacity = 2 * all->capacity + 64;
    int64_t *longer = realloc(all->numbers, capacity * sizeof *longer);
    if (!longer) {
      all->has_no_memory = 1;
      return;
    }
    all->numbers = longer;
    all->capacity = capacity;
  }
  all->numbers[all->count++] = number;
}

/* missing(monitor): the numbers of the parts that are not stored. */
static PyObject *plan_missing(Plan *self, PyObject *arguments) {
  zarr_vlen_monitor *monitor;
  if (!PyArg_ParseTuple(arguments, "O&", take_monitor, &monitor)) return NULL;
  Numbers missing = {0};
  zarr_vlen_error error;
  bool is_done;
  Py_BEGIN_ALLOW_THREADS
  is_done = zarr_vlen_plan_missing(self->plan, take_number, &missing, monitor, &error);
  Py_END_ALLOW_THREADS
  PyObject *list = NULL;
  if (!is_done) raise_failure(&error);
  else if (missing.has_no_memory) PyErr_NoMemory();
  else list = PyList_New((Py_ssize_t)missing.count);
  for (size_t i = 0; list && i < missing.count; i++) {
    PyObject *number = PyLong_FromLongLong(missing.numbers[i]);
    if (number) PyList_SetItem(list, (Py_ssize_t)i, number);
    else Py_CLEAR(list);
  }
  free(missing.numbers);
  return list;
}

/* finish(monitor) */
static PyObject *plan_finish(Plan *self, PyObject *arguments) {
  zarr_vlen_monitor *monitor;
  if (!PyArg_ParseTuple(arguments, "O&", take_monitor, &monitor)) return NULL;
  zarr_vlen_error error;
  bool is_done;
  Py_BEGIN_ALLOW_THREADS
  is_done = zarr_vlen_plan_finish(self->plan, monitor, &error);
  Py_END_ALLOW_THREADS
  if (!is_done) return raise_failure(&error);
  Py_RETURN_NONE;
}

static PyObject *plan_get_is_finished(Plan *self, void *unused) {
  return PyBool_FromLong(zarr_vlen_plan_is_finished(self->plan));
}

static PyGetSetDef plan_properties[] = {
    {"is_finished", (getter)plan_get_is_finished, NULL, NULL, NULL},
    {0},
};

static PyMethodDef plan_methods[] = {
    {"region", (PyCFunction)plan_region, METH_VARARGS, NULL},
    {"mark_done", (PyCFunction)plan_mark_done, METH_VARARGS, NULL},
    {"missing", (PyCFunction)plan_missing, METH_VARARGS, NULL},
    {"finish", (PyCFunction)plan_finish, METH_VARARGS, NULL},
    {0},
};

static PyType_Slot plan_slots[] = {
    {Py_tp_new, plan_new},
    {Py_tp_dealloc, plan_dealloc},
    {Py_tp_getset, plan_properties},
    {Py_tp_methods, plan_methods},
    {0, NULL},
};

/* set_fallback_certificates(path) */
static PyObject *set_fallback_certificates(PyObject *module, PyObject *arguments) {
  const char *path;
  if (!PyArg_ParseTuple(arguments, "s", &path)) return NULL;
  zarr_vlen_set_fallback_certificates(path);
  Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"set_fallback_certificates", set_fallback_certificates, METH_VARARGS, NULL},
    {0},
};

static PyType_Spec store_spec = {
    "zarr_vlen._native.Store", sizeof(Store), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, store_slots};
static PyType_Spec plan_spec = {
    "zarr_vlen._native.Plan", sizeof(Plan), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, plan_slots};
static PyType_Spec value_spec = {
    "zarr_vlen._native.Value", sizeof(Value), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION, value_slots};

int add_stores(PyObject *module) {
  StoreType = (PyTypeObject *)PyType_FromModuleAndSpec(module, &store_spec, NULL);
  if (!StoreType || PyModule_AddObjectRef(module, "Store", (PyObject *)StoreType) < 0) return -1;
  PyObject *plan_type = PyType_FromModuleAndSpec(module, &plan_spec, NULL);
  if (!plan_type || PyModule_AddObjectRef(module, "Plan", plan_type) < 0) return -1;
  Py_DECREF(plan_type);
  ValueType = (PyTypeObject *)PyType_FromModuleAndSpec(module, &value_spec, NULL);
  if (!ValueType || PyModule_AddObjectRef(module, "Value", (PyObject *)ValueType) < 0) return -1;
  return PyModule_AddFunctions(module, functions);
}
