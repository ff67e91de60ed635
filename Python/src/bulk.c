/* Whole arrays: columns of Python objects, NumPy and Arrow on one side, arrays in directories on the other.
 *
 * Calls of the engine are made without the lock of the interpreter. What they read is kept by the objects here. */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "arrow.h"
#include "native.h"

static PyTypeObject *MonitorType, *SourceType, *StreamType, *ColumnType, *ReaderType, *SamplerType, *AppenderType,
    *ArrayType;

PyObject *new_object(PyTypeObject *type) {
  allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
  return allocate(type, 0);
}

void free_object(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);
  freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
  release(self);
  Py_DECREF(type);
}

static PyObject *raise_element(Py_ssize_t index, const char *reason) {
  zarr_vlen_error error = {.code = ZARR_VLEN_INVALID_ELEMENT, .part = index};
  strncpy(error.message, reason, sizeof error.message - 1);
  return raise_failure(&error);
}

/* Monitors */

typedef struct {
  PyObject_HEAD
  zarr_vlen_monitor *monitor;
} Monitor;

static PyObject *monitor_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords) {
  Monitor *self = (Monitor *)new_object(type);
  if (self) self->monitor = zarr_vlen_monitor_create();
  return (PyObject *)self;
}

static void monitor_dealloc(Monitor *self) {
  zarr_vlen_monitor_free(self->monitor);
  free_object((PyObject *)self);
}

static PyObject *monitor_cancel(Monitor *self, PyObject *unused) {
  zarr_vlen_monitor_cancel(self->monitor);
  Py_RETURN_NONE;
}

static PyObject *monitor_progress(Monitor *self, PyObject *unused) {
  zarr_vlen_progress progress = zarr_vlen_monitor_progress(self->monitor);
  return Py_BuildValue(
      "(KKK)", (unsigned long long)progress.element_count, (unsigned long long)progress.element_byte_count,
      (unsigned long long)progress.stored_byte_count);
}

static PyMethodDef monitor_methods[] = {
    {"cancel", (PyCFunction)monitor_cancel, METH_NOARGS, NULL},
    {"progress", (PyCFunction)monitor_progress, METH_NOARGS, NULL},
    {0},
};

static PyType_Slot monitor_slots[] = {
    {Py_tp_new, monitor_new},
    {Py_tp_dealloc, monitor_dealloc},
    {Py_tp_methods, monitor_methods},
    {0, NULL},
};

int take_monitor(PyObject *object, void *monitor) {
  if (object != Py_None && Py_TYPE(object) != MonitorType) {
    PyErr_SetString(PyExc_TypeError, "a monitor is needed");
    return 0;
  }
  *(zarr_vlen_monitor **)monitor = object == Py_None ? NULL : ((Monitor *)object)->monitor;
  return 1;
}

/* Columns to be written */

typedef struct {
  PyObject_HEAD
  zarr_vlen_column column;
  /* 1 for text, 0 for bytes, -1 if all elements are absent. */
  int is_text;
  size_t byte_count;
  /* What has the bytes: */
  struct ArrowArray array;
  PyObject *objects;
  void *places, *validity, *data;
} Source;

static Source *new_source(void) {
  Source *self = (Source *)new_object(SourceType);
  if (!self) return NULL;
  self->is_text = -1;
  return self;
}

static void source_dealloc(Source *self) {
  if (self->array.release) self->array.release(&self->array);
  Py_XDECREF(self->objects);
  free(self->places);
  free(self->validity);
  free(self->data);
  free_object((PyObject *)self);
}

static Py_ssize_t source_length(Source *self) { return (Py_ssize_t)self->column.count; }

static PyObject *source_get_is_text(Source *self, void *unused) {
  if (self->is_text < 0) Py_RETURN_NONE;
  return PyBool_FromLong(self->is_text);
}

static PyObject *source_get_byte_count(Source *self, void *unused) { return PyLong_FromSize_t(self->byte_count); }

static PyObject *source_get_absent_count(Source *self, void *unused) {
  return PyLong_FromSize_t(self->column.absent_count);
}

static PyGetSetDef source_properties[] = {
    {"is_text", (getter)source_get_is_text, NULL, NULL, NULL},
    {"byte_count", (getter)source_get_byte_count, NULL, NULL, NULL},
    {"absent_count", (getter)source_get_absent_count, NULL, NULL, NULL},
    {0},
};

static int source_element(const zarr_vlen_column *column, size_t index, zarr_vlen_bytes *element) {
  size_t bit = column->first_bit + index;
  if (column->validity && !(column->validity[bit / 8] >> (bit % 8) & 1)) return 0;
  if (column->layout == ZARR_VLEN_POINTERS) {
    *element = ((const zarr_vlen_bytes *)column->places)[index];
    return 1;
  }
  int64_t lower, upper;
  if (column->layout == ZARR_VLEN_OFFSETS_64) {
    lower = ((const int64_t *)column->places)[index];
    upper = ((const int64_t *)column->places)[index + 1];
  } else {
    lower = ((const int32_t *)column->places)[index];
    upper = ((const int32_t *)column->places)[index + 1];
  }
  if (lower < 0 || upper < lower) return -1;
  *element = (zarr_vlen_bytes){column->data + lower, (size_t)(upper - lower)};
  return 1;
}

static PyObject *source_tolist(Source *self, PyObject *unused) {
  PyObject *list = PyList_New((Py_ssize_t)self->column.count);
  for (size_t i = 0; list && i < self->column.count; i++) {
    zarr_vlen_bytes element;
    int found = source_element(&self->column, i, &element);
    if (found < 0) raise_element((Py_ssize_t)i, "the element is outside of its Arrow array");
    const char *data = found > 0 && element.byte_count ? element.data : "";
    PyObject *object = found < 0 ? NULL
                       : found == 0 ? Py_NewRef(Py_None)
                       : self->is_text ? PyUnicode_DecodeUTF8(data, (Py_ssize_t)element.byte_count, NULL)
                                       : PyBytes_FromStringAndSize(data, (Py_ssize_t)element.byte_count);
    if (object) PyList_SetItem(list, (Py_ssize_t)i, object);
    else Py_CLEAR(list);
  }
  return list;
}

static PyMethodDef source_methods[] = {
    {"tolist", (PyCFunction)source_tolist, METH_NOARGS, NULL},
    {0},
};

static PyType_Slot source_slots[] = {
    {Py_tp_dealloc, source_dealloc},
    {Py_tp_methods, source_methods},
    {Py_sq_length, source_length},
    {Py_tp_getset, source_properties},
    {0, NULL},
};

/* Takes memory for the places of elements, and for their validity, all absent. */
static int take_places(Source *self, size_t count) {
  self->column.count = count;
  self->column.layout = ZARR_VLEN_POINTERS;
  self->column.places = self->places = calloc(count + 1, sizeof(zarr_vlen_bytes));
  self->validity = calloc(count / 8 + 1, 1);
  if (self->places && self->validity) return 0;
  PyErr_NoMemory();
  return -1;
}

static void set_place(Source *self, size_t index, const void *data, size_t byte_count) {
  zarr_vlen_bytes *places = self->places;
  places[index] = (zarr_vlen_bytes){data, byte_count};
  ((uint8_t *)self->validity)[index / 8] |= (uint8_t)(1u << (index % 8));
  self->byte_count += byte_count;
}

static void finish_places(Source *self, size_t present_count) {
  self->column.absent_count = self->column.count - present_count;
  if (self->column.absent_count > 0) self->column.validity = self->validity;
}

/* source_of_objects(objects): objects are bytes-like, str or None, and all text or all bytes. */
static PyObject *source_of_objects(PyObject *module, PyObject *objects) {
  Source *self = new_source();
  if (!self) return NULL;
  PyObject *extra = NULL;
  PyObject *all = PySequence_Tuple(objects);
  if (!all) goto fail;
  self->objects = PyTuple_Pack(1, all);
  Py_DECREF(all);
  if (!self->objects) goto fail;
  Py_ssize_t count = PyTuple_Size(all);
  if (take_places(self, (size_t)count) < 0) goto fail;
  size_t present_count = 0;
  for (Py_ssize_t i = 0; i < count; i++) {
    PyObject *object = PyTuple_GetItem(all, i);
    if (object == Py_None) continue;
    int is_text = PyUnicode_Check(object);
    const char *data;
    Py_ssize_t byte_count;
    if (is_text) {
      data = PyUnicode_AsUTF8AndSize(object, &byte_count);
      if (!data) {
        if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) goto fail;
        PyErr_Clear();
        raise_element(i, "UTF-8 has no surrogates, found one");
        goto fail;
      }
    } else {
      if (PyByteArray_Check(object) || PyMemoryView_Check(object)) {
        /* They may change while the engine reads them. */
        PyObject *copy = PyBytes_FromObject(object);
        if (!extra) extra = PyList_New(0);
        int is_kept = copy && extra && PyList_Append(extra, copy) == 0;
        Py_XDECREF(copy);
        if (!is_kept) goto fail;
        object = copy;
      }
      if (!PyBytes_Check(object)) {
        raise_element(i, "an element is bytes, str or None here, found an object of another type");
        goto fail;
      }
      if (PyBytes_AsStringAndSize(object, (char **)&data, &byte_count) < 0) goto fail;
    }
    if (self->is_text >= 0 && self->is_text != is_text) {
      raise_element(i, is_text ? "found str after bytes" : "found bytes after str");
      goto fail;
    }
    self->is_text = is_text;
    set_place(self, (size_t)i, data, (size_t)byte_count);
    present_count++;
  }
  finish_places(self, present_count);
  if (extra) {
    PyObject *held = PyTuple_Pack(2, all, extra);
    if (!held) goto fail;
    Py_DECREF(self->objects);
    self->objects = held;
    Py_CLEAR(extra);
  }
  return (PyObject *)self;
fail:
  Py_XDECREF(extra);
  Py_DECREF(self);
  return NULL;
}

/* source_of_strings(array): an array of NumPy's StringDType, of one dimension. Its text is copied, since it is locked while
 * it is used. */
static PyObject *source_of_strings(PyObject *module, PyObject *object) {
  Array *array = as_array(object);
  if (!array) return NULL;
  if (array->nd != 1) {
    PyErr_SetString(PyExc_ValueError, "an array of one dimension is needed");
    return NULL;
  }
  Source *self = new_source();
  if (!self) return NULL;
  size_t count = (size_t)array->dimensions[0], present_count = 0, at = 0;
  Py_ssize_t stride = array->strides[0];
  self->is_text = 1;
  if (take_places(self, count) < 0) {
    Py_DECREF(self);
    return NULL;
  }
  char *data;
  Py_BEGIN_ALLOW_THREADS
  npy_string_allocator *allocator = numpy.acquire(array->descr);
  for (size_t i = 0; i < count; i++) {
    npy_static_string text = {0, NULL};
    if (numpy.load(allocator, array->data + (Py_ssize_t)i * stride, &text) != 0) continue;
    set_place(self, i, text.buf, text.size);
    present_count++;
  }
  data = self->data = malloc(self->byte_count + 1);
  if (data) {
    zarr_vlen_bytes *places = self->places;
    for (size_t i = 0; i < count; i++) {
      if (places[i].byte_count) memcpy(data + at, places[i].data, places[i].byte_count);
      places[i].data = data + at;
      at += places[i].byte_count;
    }
  }
  numpy.release(allocator);
  Py_END_ALLOW_THREADS
  if (!data) {
    Py_DECREF(self);
    return PyErr_NoMemory();
  }
  finish_places(self, present_count);
  return (PyObject *)self;
}

/* Arrow's arrays */

static int is_present(const struct ArrowArray *array, int64_t index) {
  const uint8_t *validity = array->n_buffers > 0 ? array->buffers[0] : NULL;
  int64_t bit = array->offset + index;
  return !validity || (validity[bit / 8] >> (bit % 8) & 1);
}

/* Whether a format is of text; -1 if it has no elements of any size. */
static int format_is_text(const struct ArrowSchema *schema) {
  const char *format = schema->dictionary ? schema->dictionary->format : schema->format;
  if (!strcmp(format, "u") || !strcmp(format, "U") || !strcmp(format, "vu")) return 1;
  if (!strcmp(format, "z") || !strcmp(format, "Z") || !strcmp(format, "vz")) return 0;
  return -1;
}

typedef struct {
  int32_t byte_count;
  union {
    char bytes[12];
    struct {
      char prefix[4];
      int32_t buffer;
      int32_t offset;
    } place;
  } u;
} View;

/* Finds an element that is present. Returns whether it is in the array's buffers. */
static int find_element(const struct ArrowArray *array, const char *format, int64_t index, zarr_vlen_bytes *found) {
  int64_t i = array->offset + index, lower, upper;
  if (format[0] == 'v') {
    const View *view = (const View *)array->buffers[1] + i;
    if (view->byte_count < 0) return 0;
    found->byte_count = (size_t)view->byte_count;
    found->data = view->u.bytes;
    if (view->byte_count <= 12) return 1;
    int64_t data_count = array->n_buffers - 3;
    if (view->u.place.buffer < 0 || view->u.place.buffer >= data_count || view->u.place.offset < 0) return 0;
    const int64_t *sizes = array->buffers[array->n_buffers - 1];
    if ((int64_t)view->u.place.offset + view->byte_count > sizes[view->u.place.buffer]) return 0;
    found->data = (const char *)array->buffers[2 + view->u.place.buffer] + view->u.place.offset;
    return 1;
  }
  if (format[0] == 'u' || format[0] == 'z') {
    lower = ((const int32_t *)array->buffers[1])[i];
    upper = ((const int32_t *)array->buffers[1])[i + 1];
  } else {
    lower = ((const int64_t *)array->buffers[1])[i];
    upper = ((const int64_t *)array->buffers[1])[i + 1];
  }
  if (lower < 0 || upper < lower) return 0;
  found->data = (const char *)array->buffers[2] + lower;
  found->byte_count = (size_t)(upper - lower);
  return 1;
}

static int64_t dictionary_index(const struct ArrowArray *array, const char *format, int64_t index) {
  int64_t i = array->offset + index;
  const void *numbers = array->buffers[1];
  switch (format[0]) {
    case 'c': return ((const int8_t *)numbers)[i];
    case 'C': return ((const uint8_t *)numbers)[i];
    case 's': return ((const int16_t *)numbers)[i];
    case 'S': return ((const uint16_t *)numbers)[i];
    case 'i': return ((const int32_t *)numbers)[i];
    case 'I': return ((const uint32_t *)numbers)[i];
    case 'l':
    case 'L': return ((const int64_t *)numbers)[i];
    default: return -1;
  }
}

/* Points to the elements one by one. */
static int point_to_elements(Source *self, const struct ArrowSchema *schema) {
  const struct ArrowArray *array = &self->array;
  size_t count = (size_t)array->length, present_count = 0;
  if (take_places(self, count) < 0) return -1;
  for (size_t i = 0; i < count; i++) {
    if (self->is_text < 0 || !is_present(array, (int64_t)i)) continue;
    zarr_vlen_bytes element = {NULL, 0};
    int is_found;
    if (schema->dictionary) {
      int64_t index = dictionary_index(array, schema->format, (int64_t)i);
      is_found = index >= 0 && index < array->dictionary->length;
      if (is_found && !is_present(array->dictionary, index)) continue;
      is_found = is_found && find_element(array->dictionary, schema->dictionary->format, index, &element);
    } else {
      is_found = find_element(array, schema->format, (int64_t)i, &element);
    }
    if (!is_found) {
      raise_element((Py_ssize_t)i, "the element is outside of its Arrow array");
      return -1;
    }
    set_place(self, i, element.data, element.byte_count);
    present_count++;
  }
  finish_places(self, present_count);
  return 0;
}

/* Takes over an array, whose release is NULL then. */
static PyObject *source_of_array(const struct ArrowSchema *schema, struct ArrowArray *array) {
  Source *self = new_source();
  if (!self) return NULL;
  self->array = *array;
  array->release = NULL;
  array = &self->array;
  self->is_text = format_is_text(schema);
  int is_null = !strcmp(schema->format, "n");
  if (self->is_text < 0 && !is_null) {
    PyErr_Format(
        PyExc_TypeError,
        "a column of Arrow's binary or string types is needed, found the format '%s'; for a table, name a column",
        schema->format);
    Py_DECREF(self);
    return NULL;
  }
  if (array->length < 0 || array->offset < 0 || (!is_null && array->length > 0 && array->n_buffers < 2) ||
      (schema->dictionary && !array->dictionary)) {
    PyErr_SetString(PyExc_ValueError, "the Arrow array has no buffers");
    Py_DECREF(self);
    return NULL;
  }
  char kind = schema->format[0];
  if (is_null || schema->dictionary || kind == 'v' || array->length == 0) {
    if (point_to_elements(self, schema) < 0) {
      Py_DECREF(self);
      return NULL;
    }
    return (PyObject *)self;
  }
  int is_large = kind == 'Z' || kind == 'U';
  zarr_vlen_column *column = &self->column;
  column->count = (size_t)array->length;
  column->layout = is_large ? ZARR_VLEN_OFFSETS_64 : ZARR_VLEN_OFFSETS_32;
  column->places = (const char *)array->buffers[1] + array->offset * (is_large ? 8 : 4);
  /* An array without bytes may have no memory for them. */
  column->data = array->n_buffers > 2 && array->buffers[2] ? array->buffers[2] : (const uint8_t *)"";
  if (is_large) {
    const int64_t *offsets = column->places;
    self->byte_count = (size_t)(offsets[array->length] - offsets[0]);
  } else {
    const int32_t *offsets = column->places;
    self->byte_count = (size_t)(offsets[array->length] - offsets[0]);
  }
  if (array->buffers[0] && array->null_count != 0) {
    for (int64_t i = 0; i < array->length; i++) column->absent_count += !is_present(array, i);
    column->validity = column->absent_count ? array->buffers[0] : NULL;
    column->first_bit = (size_t)array->offset;
  }
  return (PyObject *)self;
}

/* source_of_arrow(schema, array): the capsules of __arrow_c_array__. */
static PyObject *source_of_arrow(PyObject *module, PyObject *arguments) {
  PyObject *first, *second;
  if (!PyArg_ParseTuple(arguments, "OO", &first, &second)) return NULL;
  struct ArrowSchema *schema = PyCapsule_GetPointer(first, "arrow_schema");
  struct ArrowArray *array = schema ? PyCapsule_GetPointer(second, "arrow_array") : NULL;
  if (!array) return NULL;
  if (!schema->release || !array->release) {
    PyErr_SetString(PyExc_ValueError, "the Arrow array was used already");
    return NULL;
  }
  return source_of_array(schema, array);
}

/* Stream(capsule): the sources of the arrays of __arrow_c_stream__, one after the other. */
typedef struct {
  PyObject_HEAD
  struct ArrowArrayStream stream;
  struct ArrowSchema schema;
} Stream;

static PyObject *raise_stream(Stream *self, int code) {
  const char *message = self->stream.get_last_error ? self->stream.get_last_error(&self->stream) : NULL;
  PyErr_Format(PyExc_OSError, "the Arrow stream failed: %s", message ? message : strerror(code));
  return NULL;
}

static PyObject *stream_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords) {
  PyObject *capsule;
  if (!PyArg_ParseTuple(arguments, "O", &capsule)) return NULL;
  struct ArrowArrayStream *stream = PyCapsule_GetPointer(capsule, "arrow_array_stream");
  if (!stream) return NULL;
  if (!stream->release) {
    PyErr_SetString(PyExc_ValueError, "the Arrow stream was used already");
    return NULL;
  }
  Stream *self = (Stream *)new_object(type);
  if (!self) return NULL;
  self->stream = *stream;
  stream->release = NULL;
  int code = self->stream.get_schema(&self->stream, &self->schema);
  if (code == 0) return (PyObject *)self;
  raise_stream(self, code);
  Py_DECREF(self);
  return NULL;
}

static void stream_dealloc(Stream *self) {
  if (self->schema.release) self->schema.release(&self->schema);
  if (self->stream.release) self->stream.release(&self->stream);
  free_object((PyObject *)self);
}

static PyObject *stream_next(Stream *self) {
  struct ArrowArray array = {0};
  int code = self->stream.get_next(&self->stream, &array);
  if (code != 0) return raise_stream(self, code);
  if (!array.release) return NULL;
  PyObject *source = source_of_array(&self->schema, &array);
  if (array.release) array.release(&array);
  return source;
}

static PyType_Slot stream_slots[] = {
    {Py_tp_new, stream_new},
    {Py_tp_dealloc, stream_dealloc},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, stream_next},
    {0, NULL},
};

/* Columns that were read */

/* A batch, kept by columns and by the Arrow arrays that others have of it. */
typedef struct {
  atomic_int holders;
  zarr_vlen_batch *batch;
} Kept;

static void let_go(Kept *kept) {
  if (!kept || atomic_fetch_sub(&kept->holders, 1) != 1) return;
  zarr_vlen_batch_free(kept->batch);
  free(kept);
}

/* Keeps a batch for one holder, or frees it if there is no memory. */
static Kept *keep(zarr_vlen_batch *batch) {
  Kept *kept = malloc(sizeof *kept);
  if (!kept) {
    zarr_vlen_batch_free(batch);
    return NULL;
  }
  atomic_init(&kept->holders, 1);
  kept->batch = batch;
  return kept;
}

typedef struct {
  PyObject_HEAD
  Kept *kept;
  zarr_vlen_column column;
  int is_text;
} Column;

/* Makes a column of a batch, which it takes over. */
static PyObject *new_column(zarr_vlen_batch *batch, int is_text) {
  Kept *kept = keep(batch);
  if (!kept) return PyErr_NoMemory();
  Column *self = (Column *)new_object(ColumnType);
  if (!self) {
    let_go(kept);
    return NULL;
  }
  self->kept = kept;
  self->column = zarr_vlen_batch_get(batch);
  self->is_text = is_text;
  return (PyObject *)self;
}

static void column_dealloc(Column *self) {
  let_go(self->kept);
  free_object((PyObject *)self);
}

static Py_ssize_t column_length(Column *self) { return (Py_ssize_t)self->column.count; }

static int column_is_present(const Column *self, size_t index) {
  const uint8_t *validity = self->column.validity;
  return !validity || (validity[index / 8] >> (index % 8) & 1);
}

static const char *column_element(const Column *self, size_t index, Py_ssize_t *byte_count) {
  const int64_t *offsets = self->column.places;
  *byte_count = (Py_ssize_t)(offsets[index + 1] - offsets[index]);
  return *byte_count ? (const char *)self->column.data + offsets[index] : "";
}

static PyObject *column_object(Column *self, size_t index) {
  if (!column_is_present(self, index)) return Py_NewRef(Py_None);
  Py_ssize_t byte_count;
  const char *data = column_element(self, index, &byte_count);
  return self->is_text ? PyUnicode_DecodeUTF8(data, byte_count, NULL) : PyBytes_FromStringAndSize(data, byte_count);
}

static PyObject *column_item(Column *self, Py_ssize_t index) {
  if (index < 0 || index >= column_length(self)) {
    PyErr_Format(PyExc_IndexError, "element %zd is outside of %zd elements", index, column_length(self));
    return NULL;
  }
  return column_object(self, (size_t)index);
}

static PyObject *column_tolist(Column *self, PyObject *unused) {
  Py_ssize_t count = column_length(self);
  PyObject *list = PyList_New(count);
  for (Py_ssize_t i = 0; list && i < count; i++) {
    PyObject *object = column_object(self, (size_t)i);
    if (object) PyList_SetItem(list, i, object);
    else Py_CLEAR(list);
  }
  return list;
}

/* fill(array): puts all elements into an array of objects or of StringDType, of one dimension and in one piece. */
static PyObject *column_fill(Column *self, PyObject *arguments) {
  PyObject *object;
  int is_string_dtype;
  if (!PyArg_ParseTuple(arguments, "Op", &object, &is_string_dtype)) return NULL;
  Array *array = as_array(object);
  if (!array) return NULL;
  if (array->nd != 1 || array->dimensions[0] != column_length(self)) {
    PyErr_SetString(PyExc_ValueError, "an array of one dimension and as many elements is needed");
    return NULL;
  }
  Py_ssize_t stride = array->strides[0];
  if (!is_string_dtype) {
    for (size_t i = 0; i < self->column.count; i++) {
      PyObject *element = column_object(self, i);
      if (!element) return NULL;
      PyObject **slot = (PyObject **)(array->data + (Py_ssize_t)i * stride);
      PyObject *before = *slot;
      *slot = element;
      Py_XDECREF(before);
    }
    Py_RETURN_NONE;
  }
  int is_packed = 1;
  Py_BEGIN_ALLOW_THREADS
  npy_string_allocator *allocator = numpy.acquire(array->descr);
  for (size_t i = 0; is_packed && i < self->column.count; i++) {
    Py_ssize_t byte_count;
    const char *data = column_element(self, i, &byte_count);
    is_packed = numpy.pack(allocator, array->data + (Py_ssize_t)i * stride, data, (size_t)byte_count) >= 0;
  }
  numpy.release(allocator);
  Py_END_ALLOW_THREADS
  if (!is_packed) return PyErr_NoMemory();
  Py_RETURN_NONE;
}

/* Arrow from columns */

static void release_schema(struct ArrowSchema *schema) { schema->release = NULL; }

static void fill_schema(struct ArrowSchema *schema, int is_text) {
  *schema = (struct ArrowSchema){
      .format = is_text ? "U" : "Z", .name = "", .flags = ARROW_NULLABLE, .release = release_schema};
}

typedef struct {
  Kept *kept;
  const void *buffers[3];
} Exported;

static void release_array(struct ArrowArray *array) {
  Exported *exported = array->private_data;
  let_go(exported->kept);
  free(exported);
  array->release = NULL;
}

/* Returns -1 if there is no memory. */
static int fill_array(struct ArrowArray *array, Kept *kept, const zarr_vlen_column *column) {
  Exported *exported = malloc(sizeof *exported);
  if (!exported) return -1;
  atomic_fetch_add(&kept->holders, 1);
  exported->kept = kept;
  exported->buffers[0] = column->absent_count ? column->validity : NULL;
  exported->buffers[1] = column->places;
  exported->buffers[2] = column->data ? column->data : (const uint8_t *)"";
  *array = (struct ArrowArray){
      .length = (int64_t)column->count, .null_count = (int64_t)column->absent_count, .n_buffers = 3,
      .buffers = exported->buffers, .release = release_array, .private_data = exported};
  return 0;
}

static void destroy_schema(PyObject *capsule) {
  struct ArrowSchema *schema = PyCapsule_GetPointer(capsule, "arrow_schema");
  if (schema->release) schema->release(schema);
  free(schema);
}

static void destroy_array(PyObject *capsule) {
  struct ArrowArray *array = PyCapsule_GetPointer(capsule, "arrow_array");
  if (array->release) array->release(array);
  free(array);
}

static PyObject *schema_capsule(int is_text) {
  struct ArrowSchema *schema = malloc(sizeof *schema);
  if (!schema) return PyErr_NoMemory();
  fill_schema(schema, is_text);
  PyObject *capsule = PyCapsule_New(schema, "arrow_schema", destroy_schema);
  if (!capsule) free(schema);
  return capsule;
}

static PyObject *column_arrow_schema(Column *self, PyObject *unused) { return schema_capsule(self->is_text); }

static PyObject *column_arrow_array(Column *self, PyObject *arguments, PyObject *keywords) {
  static char *names[] = {"requested_schema", NULL};
  PyObject *requested = NULL;
  if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|O", names, &requested)) return NULL;
  struct ArrowArray *array = malloc(sizeof *array);
  if (!array || fill_array(array, self->kept, &self->column) < 0) {
    free(array);
    return PyErr_NoMemory();
  }
  PyObject *second = PyCapsule_New(array, "arrow_array", destroy_array);
  if (!second) {
    array->release(array);
    free(array);
    return NULL;
  }
  PyObject *first = schema_capsule(self->is_text);
  if (!first) {
    Py_DECREF(second);
    return NULL;
  }
  return Py_BuildValue("(NN)", first, second);
}

static PyObject *column_get_is_text(Column *self, void *unused) { return PyBool_FromLong(self->is_text); }

static PyObject *column_get_null_count(Column *self, void *unused) {
  return PyLong_FromSize_t(self->column.absent_count);
}

static PyObject *column_get_nbytes(Column *self, void *unused) {
  const int64_t *offsets = self->column.places;
  size_t count = self->column.count;
  size_t byte_count = offsets ? (size_t)offsets[count] + 8 * (count + 1) : 0;
  return PyLong_FromSize_t(byte_count + (self->column.validity ? (count + 7) / 8 : 0));
}

static PyGetSetDef column_properties[] = {
    {"is_text", (getter)column_get_is_text, NULL, NULL, NULL},
    {"null_count", (getter)column_get_null_count, NULL, NULL, NULL},
    {"nbytes", (getter)column_get_nbytes, NULL, NULL, NULL},
    {0},
};

static PyMethodDef column_methods[] = {
    {"tolist", (PyCFunction)column_tolist, METH_NOARGS, NULL},
    {"_fill", (PyCFunction)column_fill, METH_VARARGS, NULL},
    {"__arrow_c_schema__", (PyCFunction)column_arrow_schema, METH_NOARGS, NULL},
    {"__arrow_c_array__", (PyCFunction)(void (*)(void))column_arrow_array, METH_VARARGS | METH_KEYWORDS, NULL},
    {0},
};

static PyType_Slot column_slots[] = {
    {Py_tp_dealloc, column_dealloc},
    {Py_sq_length, column_length},
    {Py_sq_item, column_item},
    {Py_tp_getset, column_properties},
    {Py_tp_methods, column_methods},
    {0, NULL},
};

/* Arrays in directories and stores */

typedef struct {
  PyObject_HEAD
  zarr_vlen_array *array;
} EngineArray;

PyObject *new_array(zarr_vlen_array *array) {
  EngineArray *self = (EngineArray *)new_object(ArrayType);
  if (self) self->array = array;
  else zarr_vlen_array_free(array);
  return (PyObject *)self;
}

static PyObject *array_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords) {
  static char *names[] = {"directory", "path", "durability", "thread_count", "cache_byte_count",
                          "cache_check_seconds", NULL};
  PyObject *directory = NULL;
  const char *path;
  int durability = 0, thread_count = 0;
  unsigned long long cache_byte_count = 0;
  double cache_check_seconds = 0;
  if (!PyArg_ParseTupleAndKeywords(
          arguments, keywords, "O&s|iiKd", names, PyUnicode_FSConverter, &directory, &path, &durability,
          &thread_count, &cache_byte_count, &cache_check_seconds))
    return NULL;
  zarr_vlen_settings settings = {
      .thread_count = thread_count, .durability = durability, .cache_byte_count = cache_byte_count,
      .cache_check_seconds = cache_check_seconds};
  zarr_vlen_error error;
  zarr_vlen_array *array;
  const char *name = PyBytes_AsString(directory);
  Py_BEGIN_ALLOW_THREADS
  array = zarr_vlen_array_open(name, path, &settings, &error);
  Py_END_ALLOW_THREADS
  Py_DECREF(directory);
  return array ? new_array(array) : raise_failure(&error);
}

/* Stores of Python, whose calls are methods of an object; see zarr_vlen.stores.Calls. They are made on threads of the
 * library, which have no lock of the interpreter. */

static bool store_read(void *context, const char *key, int64_t first, int64_t count, zarr_vlen_sink *sink) {
  PyGILState_STATE state = PyGILState_Ensure();
  bool is_done = false;
  PyObject *found =
      PyObject_CallMethod((PyObject *)context, "read", "sLL", key, (long long)first, (long long)count);
  if (found == Py_None) {
    is_done = true;
  } else if (found) {
    unsigned long long byte_count;
    PyObject *part;
    Py_buffer buffer;
    if (PyArg_ParseTuple(found, "KO", &byte_count, &part) && PyObject_GetBuffer(part, &buffer, PyBUF_SIMPLE) == 0) {
      Py_BEGIN_ALLOW_THREADS
      zarr_vlen_sink_value(sink, byte_count, buffer.buf, (size_t)buffer.len);
      Py_END_ALLOW_THREADS
      PyBuffer_Release(&buffer);
      is_done = true;
    }
  }
  Py_XDECREF(found);
  PyErr_Clear();
  PyGILState_Release(state);
  return is_done;
}

/* Ends a call of a store, whose error the object has kept. */
static bool end_call(PyObject *result, PyGILState_STATE state) {
  bool is_done = result != NULL;
  Py_XDECREF(result);
  PyErr_Clear();
  PyGILState_Release(state);
  return is_done;
}

static bool store_write(void *context, const char *key, const void *data, size_t byte_count) {
  PyGILState_STATE state = PyGILState_Ensure();
  return end_call(
      PyObject_CallMethod((PyObject *)context, "write", "sy#", key, data ? data : "", (Py_ssize_t)byte_count), state);
}

static bool store_remove(void *context, const char *key) {
  PyGILState_STATE state = PyGILState_Ensure();
  return end_call(PyObject_CallMethod((PyObject *)context, "remove", "s", key), state);
}

static bool store_list(void *context, const char *prefix, zarr_vlen_sink *sink) {
  PyGILState_STATE state = PyGILState_Ensure();
  PyObject *keys = PyObject_CallMethod((PyObject *)context, "list", "s", prefix);
  Py_ssize_t count = keys && PyList_Check(keys) ? PyList_Size(keys) : 0;
  for (Py_ssize_t i = 0; keys && i < count; i++) {
    const char *key = PyUnicode_AsUTF8AndSize(PyList_GetItem(keys, i), NULL);
    if (key) zarr_vlen_sink_key(sink, key);
    else Py_CLEAR(keys);
  }
  return end_call(keys, state);
}

static void store_release(void *context) {
  PyGILState_STATE state = PyGILState_Ensure();
  Py_DECREF((PyObject *)context);
  PyGILState_Release(state);
}

/* array_in(calls, location, request_concurrency, path, cache_byte_count, cache_check_seconds) */
static PyObject *array_in(PyObject *module, PyObject *arguments) {
  PyObject *calls;
  const char *location, *path;
  int request_concurrency;
  unsigned long long cache_byte_count = 0;
  double cache_check_seconds = 0;
  if (!PyArg_ParseTuple(
          arguments, "Osis|Kd", &calls, &location, &request_concurrency, &path, &cache_byte_count,
          &cache_check_seconds))
    return NULL;
  zarr_vlen_settings settings = {
      .cache_byte_count = cache_byte_count, .cache_check_seconds = cache_check_seconds};
  zarr_vlen_store store = {
      .context = Py_NewRef(calls), .location = location, .request_concurrency = request_concurrency,
      .read = store_read, .write = store_write, .remove = store_remove, .list = store_list, .release = store_release};
  zarr_vlen_error error;
  zarr_vlen_array *array;
  Py_BEGIN_ALLOW_THREADS
  array = zarr_vlen_array_open_in(&store, path, &settings, &error);
  Py_END_ALLOW_THREADS
  return array ? new_array(array) : raise_failure(&error);
}

static void array_dealloc(EngineArray *self) {
  zarr_vlen_array_free(self->array);
  free_object((PyObject *)self);
}

/* read(ranges, is_text, monitor): ranges are those along each dimension, or None for all elements. */
static PyObject *array_read(EngineArray *self, PyObject *arguments) {
  PyObject *ranges;
  zarr_vlen_monitor *monitor;
  int is_text;
  if (!PyArg_ParseTuple(arguments, "OpO&", &ranges, &is_text, take_monitor, &monitor)) return NULL;
  int64_t start[64], count[64];
  Py_ssize_t rank = 0;
  if (ranges != Py_None) {
    rank = PyTuple_Check(ranges) ? PyTuple_Size(ranges) : -1;
    if (rank < 0 || rank > 64) {
      PyErr_SetString(PyExc_TypeError, "ranges are a tuple of at most 64 pairs");
      return NULL;
    }
    for (Py_ssize_t d = 0; d < rank; d++) {
      long long first, last;
      if (!PyArg_ParseTuple(PyTuple_GetItem(ranges, d), "LL", &first, &last)) return NULL;
      start[d] = first;
      count[d] = last - first;
    }
  }
  zarr_vlen_error error;
  zarr_vlen_batch *batch;
  Py_BEGIN_ALLOW_THREADS
  batch = zarr_vlen_array_read(
      self->array, ranges == Py_None ? NULL : start, count, (size_t)rank, monitor, &error);
  Py_END_ALLOW_THREADS
  return batch ? new_column(batch, is_text) : raise_failure(&error);
}

/* take(indices, count, is_text, monitor): indices are a buffer of 64-bit numbers, count for each dimension. */
static PyObject *array_take(EngineArray *self, PyObject *arguments) {
  PyObject *indices;
  zarr_vlen_monitor *monitor;
  Py_ssize_t count;
  int is_text;
  if (!PyArg_ParseTuple(arguments, "OnpO&", &indices, &count, &is_text, take_monitor, &monitor)) return NULL;
  Py_buffer buffer;
  if (PyObject_GetBuffer(indices, &buffer, PyBUF_SIMPLE) < 0) return NULL;
  Py_ssize_t number_count = buffer.len / (Py_ssize_t)sizeof(int64_t);
  if (count < 0 || (count ? number_count % count : number_count)) {
    PyBuffer_Release(&buffer);
    PyErr_SetString(PyExc_ValueError, "there are as many indices for each dimension");
    return NULL;
  }
  zarr_vlen_error error;
  zarr_vlen_batch *batch;
  /* Without elements, the number of dimensions cannot be seen; there is one then. */
  size_t rank = count ? (size_t)(number_count / count) : 1;
  Py_BEGIN_ALLOW_THREADS
  batch = zarr_vlen_array_take(self->array, buffer.buf, (size_t)count, rank, monitor, &error);
  Py_END_ALLOW_THREADS
  PyBuffer_Release(&buffer);
  return batch ? new_column(batch, is_text) : raise_failure(&error);
}

/* Readers, samplers and appenders, of which one thread at a time uses each. */

typedef struct {
  PyObject_HEAD
  zarr_vlen_reader *reader;
  int is_text, is_busy;
} Reader;

typedef struct {
  PyObject_HEAD
  zarr_vlen_sampler *sampler;
  int is_text, is_busy;
} Sampler;

typedef struct {
  PyObject_HEAD
  zarr_vlen_appender *appender;
  int is_busy;
} Appender;

static int begin(int *is_busy, const void *handle) {
  if (handle && !*is_busy) {
    *is_busy = 1;
    return 1;
  }
  if (handle) PyErr_SetString(PyExc_RuntimeError, "another thread is using this");
  else PyErr_SetString(PyExc_ValueError, "this is closed");
  return 0;
}

/* reader(first, count, is_text, monitor) */
static PyObject *array_reader(EngineArray *self, PyObject *arguments) {
  long long first, count;
  int is_text;
  zarr_vlen_monitor *monitor;
  if (!PyArg_ParseTuple(arguments, "LLpO&", &first, &count, &is_text, take_monitor, &monitor)) return NULL;
  zarr_vlen_error error;
  zarr_vlen_reader *made;
  Py_BEGIN_ALLOW_THREADS
  made = zarr_vlen_reader_create(self->array, first, count, monitor, &error);
  Py_END_ALLOW_THREADS
  if (!made) return raise_failure(&error);
  Reader *reader = (Reader *)new_object(ReaderType);
  if (!reader) {
    zarr_vlen_reader_free(made);
    return NULL;
  }
  reader->reader = made;
  reader->is_text = is_text;
  return (PyObject *)reader;
}

static void free_reader(Reader *self) {
  zarr_vlen_reader *reader = self->reader;
  self->reader = NULL;
  if (!reader) return;
  Py_BEGIN_ALLOW_THREADS
  zarr_vlen_reader_free(reader);
  Py_END_ALLOW_THREADS
}

static void reader_dealloc(Reader *self) {
  free_reader(self);
  free_object((PyObject *)self);
}

static PyObject *reader_next(Reader *self, PyObject *unused) {
  if (!begin(&self->is_busy, self->reader)) return NULL;
  zarr_vlen_error error;
  zarr_vlen_batch *batch = NULL;
  bool is_done;
  Py_BEGIN_ALLOW_THREADS
  is_done = zarr_vlen_reader_next(self->reader, &batch, &error);
  Py_END_ALLOW_THREADS
  self->is_busy = 0;
  if (!is_done) return raise_failure(&error);
  if (!batch) Py_RETURN_NONE;
  return new_column(batch, self->is_text);
}

static PyObject *reader_close(Reader *self, PyObject *unused) {
  if (!self->reader) Py_RETURN_NONE;
  if (!begin(&self->is_busy, self->reader)) return NULL;
  free_reader(self);
  self->is_busy = 0;
  Py_RETURN_NONE;
}

/* sampler(batch_size, seed, epoch, part_index, part_count, window_byte_count, drops_last, is_text, monitor) */
static PyObject *array_sampler(EngineArray *self, PyObject *arguments) {
  long long batch_size, epoch, part_index, part_count;
  unsigned long long seed, window_byte_count;
  int drops_last, is_text;
  zarr_vlen_monitor *monitor;
  if (!PyArg_ParseTuple(
          arguments, "LKLLLKppO&", &batch_size, &seed, &epoch, &part_index, &part_count, &window_byte_count,
          &drops_last, &is_text, take_monitor, &monitor))
    return NULL;
  zarr_vlen_sampling sampling = {
      .batch_size = batch_size, .seed = seed, .epoch = epoch, .part_index = part_index, .part_count = part_count,
      .window_byte_count = window_byte_count, .drops_last = drops_last};
  zarr_vlen_error error;
  zarr_vlen_sampler *made;
  Py_BEGIN_ALLOW_THREADS
  made = zarr_vlen_sampler_create(self->array, &sampling, monitor, &error);
  Py_END_ALLOW_THREADS
  if (!made) return raise_failure(&error);
  Sampler *sampler = (Sampler *)new_object(SamplerType);
  if (!sampler) {
    zarr_vlen_sampler_free(made);
    return NULL;
  }
  sampler->sampler = made;
  sampler->is_text = is_text;
  return (PyObject *)sampler;
}

static void free_sampler(Sampler *self) {
  zarr_vlen_sampler *sampler = self->sampler;
  self->sampler = NULL;
  if (!sampler) return;
  Py_BEGIN_ALLOW_THREADS
  zarr_vlen_sampler_free(sampler);
  Py_END_ALLOW_THREADS
}

static void sampler_dealloc(Sampler *self) {
  free_sampler(self);
  free_object((PyObject *)self);
}

/* next(): the elements, and their indices as the bytes of 64-bit numbers; None after the last ones. */
static PyObject *sampler_next(Sampler *self, PyObject *unused) {
  if (!begin(&self->is_busy, self->sampler)) return NULL;
  zarr_vlen_error error;
  zarr_vlen_batch *batch = NULL;
  const int64_t *indices = NULL;
  bool is_done;
  Py_BEGIN_ALLOW_THREADS
  is_done = zarr_vlen_sampler_next(self->sampler, &batch, &indices, &error);
  Py_END_ALLOW_THREADS
  PyObject *numbers = NULL;
  if (is_done && batch) {
    size_t byte_count = zarr_vlen_batch_get(batch).count * sizeof *indices;
    numbers = PyBytes_FromStringAndSize((const char *)indices, (Py_ssize_t)byte_count);
  }
  self->is_busy = 0;
  if (!is_done) return raise_failure(&error);
  if (!batch) Py_RETURN_NONE;
  if (!numbers) {
    zarr_vlen_batch_free(batch);
    return NULL;
  }
  PyObject *column = new_column(batch, self->is_text);
  if (!column) {
    Py_DECREF(numbers);
    return NULL;
  }
  return Py_BuildValue("(NN)", column, numbers);
}

static Py_ssize_t sampler_length(Sampler *self) { return (Py_ssize_t)zarr_vlen_sampler_count(self->sampler); }

static PyMethodDef sampler_methods[] = {
    {"next", (PyCFunction)sampler_next, METH_NOARGS, NULL},
    {0},
};

static PyType_Slot sampler_slots[] = {
    {Py_tp_dealloc, sampler_dealloc},
    {Py_tp_methods, sampler_methods},
    {Py_sq_length, sampler_length},
    {0, NULL},
};

/* Arrow from readers */

typedef struct {
  zarr_vlen_reader *reader;
  int is_text;
  zarr_vlen_error error;
} ExportedStream;

static int stream_get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *schema) {
  fill_schema(schema, ((ExportedStream *)stream->private_data)->is_text);
  return 0;
}

static int stream_get_next(struct ArrowArrayStream *stream, struct ArrowArray *array) {
  ExportedStream *exported = stream->private_data;
  zarr_vlen_batch *batch;
  bool is_done;
  array->release = NULL;
  PyGILState_STATE state = PyGILState_Ensure();
  Py_BEGIN_ALLOW_THREADS
  is_done = zarr_vlen_reader_next(exported->reader, &batch, &exported->error);
  Py_END_ALLOW_THREADS
  PyGILState_Release(state);
  if (!is_done)
    return exported->error.system_code ? exported->error.system_code : EIO;
  if (!batch) return 0;
  Kept *kept = keep(batch);
  if (!kept) return ENOMEM;
  zarr_vlen_column column = zarr_vlen_batch_get(batch);
  int result = fill_array(array, kept, &column);
  let_go(kept);
  return result < 0 ? ENOMEM : 0;
}

static const char *stream_get_last_error(struct ArrowArrayStream *stream) {
  return ((ExportedStream *)stream->private_data)->error.message;
}

static void release_stream(struct ArrowArrayStream *stream) {
  ExportedStream *exported = stream->private_data;
  /* Whether the caller has the lock of the interpreter is not known, and threads that end may be waiting for it. */
  PyGILState_STATE state = PyGILState_Ensure();
  Py_BEGIN_ALLOW_THREADS
  zarr_vlen_reader_free(exported->reader);
  Py_END_ALLOW_THREADS
  PyGILState_Release(state);
  free(exported);
  stream->release = NULL;
}

static void destroy_stream(PyObject *capsule) {
  struct ArrowArrayStream *stream = PyCapsule_GetPointer(capsule, "arrow_array_stream");
  if (stream->release) stream->release(stream);
  free(stream);
}

/* stream(): the rest as a capsule of an Arrow stream, which takes over the reader. */
static PyObject *reader_stream(Reader *self, PyObject *unused) {
  if (!begin(&self->is_busy, self->reader)) return NULL;
  self->is_busy = 0;
  struct ArrowArrayStream *stream = malloc(sizeof *stream);
  ExportedStream *exported = calloc(1, sizeof *exported);
  PyObject *capsule =
      stream && exported ? PyCapsule_New(stream, "arrow_array_stream", destroy_stream) : PyErr_NoMemory();
  if (!capsule) {
    free(stream);
    free(exported);
    return NULL;
  }
  exported->reader = self->reader;
  exported->is_text = self->is_text;
  *stream = (struct ArrowArrayStream){
      .get_schema = stream_get_schema, .get_next = stream_get_next, .get_last_error = stream_get_last_error,
      .release = release_stream, .private_data = exported};
  self->reader = NULL;
  return capsule;
}

static PyMethodDef reader_methods[] = {
    {"stream", (PyCFunction)reader_stream, METH_NOARGS, NULL},
    {"next", (PyCFunction)reader_next, METH_NOARGS, NULL},
    {"close", (PyCFunction)reader_close, METH_NOARGS, NULL},
    {0},
};

static PyType_Slot reader_slots[] = {
    {Py_tp_dealloc, reader_dealloc},
    {Py_tp_methods, reader_methods},
    {0, NULL},
};

static PyObject *new_appender(zarr_vlen_appender *made) {
  Appender *appender = (Appender *)new_object(AppenderType);
  if (appender) appender->appender = made;
  else zarr_vlen_appender_free(made);
  return (PyObject *)appender;
}

/* appender(memory_budget, monitor) */
static PyObject *array_appender(EngineArray *self, PyObject *arguments) {
  Py_ssize_t memory_budget;
  zarr_vlen_monitor *monitor;
  if (!PyArg_ParseTuple(arguments, "nO&", &memory_budget, take_monitor, &monitor)) return NULL;
  zarr_vlen_error error;
  zarr_vlen_appender *made;
  Py_BEGIN_ALLOW_THREADS
  made = zarr_vlen_appender_create(self->array, (size_t)memory_budget, monitor, &error);
  Py_END_ALLOW_THREADS
  return made ? new_appender(made) : raise_failure(&error);
}

/* segment(chunk_byte_count, memory_budget, monitor): an appender that finish() makes a segment of. */
static PyObject *array_segment(EngineArray *self, PyObject *arguments) {
  Py_ssize_t chunk_byte_count, memory_budget;
  zarr_vlen_monitor *monitor;
  if (!PyArg_ParseTuple(arguments, "nnO&", &chunk_byte_count, &memory_budget, take_monitor, &monitor)) return NULL;
  zarr_vlen_error error;
  zarr_vlen_appender *made;
  Py_BEGIN_ALLOW_THREADS
  made = zarr_vlen_segment_create(
      self->array, (size_t)chunk_byte_count, (size_t)memory_budget, monitor, &error);
  Py_END_ALLOW_THREADS
  return made ? new_appender(made) : raise_failure(&error);
}

/* commit(messages, time_limit, monitor): the first row of the segments, and how many they are. */
static PyObject *array_commit(EngineArray *self, PyObject *arguments) {
  PyObject *messages, *result = NULL;
  double time_limit;
  zarr_vlen_monitor *monitor;
  if (!PyArg_ParseTuple(arguments, "O!dO&", &PyTuple_Type, &messages, &time_limit, take_monitor, &monitor))
    return NULL;
  Py_ssize_t count = PyTuple_Size(messages);
  zarr_vlen_bytes *all = PyMem_Calloc((size_t)count + 1, sizeof *all);
  if (!all) return PyErr_NoMemory();
  for (Py_ssize_t i = 0; i < count; i++) {
    char *data;
    Py_ssize_t byte_count;
    if (PyBytes_AsStringAndSize(PyTuple_GetItem(messages, i), &data, &byte_count) < 0) goto end;
    all[i] = (zarr_vlen_bytes){data, (size_t)byte_count};
  }
  int64_t first, row_count;
  zarr_vlen_error error;
  bool is_done;
  Py_BEGIN_ALLOW_THREADS
  is_done =
      zarr_vlen_array_commit(self->array, all, (size_t)count, time_limit, &first, &row_count, monitor, &error);
  Py_END_ALLOW_THREADS
  if (is_done) result = Py_BuildValue("(LL)", (long long)first, (long long)row_count);
  else raise_failure(&error);
end:
  PyMem_Free(all);
  return result;
}

static PyObject *bytes_of_document(zarr_vlen_document *document) {
  zarr_vlen_bytes text = zarr_vlen_document_get(document);
  PyObject *result = PyBytes_FromStringAndSize(text.data, (Py_ssize_t)text.byte_count);
  zarr_vlen_document_free(document);
  return result;
}

/* collect(age, removes, monitor): what jobs have left, as JSON. */
static PyObject *array_collect(EngineArray *self, PyObject *arguments) {
  double age;
  int removes;
  zarr_vlen_monitor *monitor;
  if (!PyArg_ParseTuple(arguments, "dpO&", &age, &removes, take_monitor, &monitor)) return NULL;
  zarr_vlen_error error;
  zarr_vlen_document *left;
  Py_BEGIN_ALLOW_THREADS
  left = zarr_vlen_array_collect(self->array, age, removes, monitor, &error);
  Py_END_ALLOW_THREADS
  return left ? bytes_of_document(left) : raise_failure(&error);
}

static void free_appender(Appender *self) {
  zarr_vlen_appender *appender = self->appender;
  self->appender = NULL;
  if (!appender) return;
  Py_BEGIN_ALLOW_THREADS
  zarr_vlen_appender_free(appender);
  Py_END_ALLOW_THREADS
}

static void appender_dealloc(Appender *self) {
  free_appender(self);
  free_object((PyObject *)self);
}

static PyObject *appender_append(Appender *self, PyObject *object) {
  if (Py_TYPE(object) != SourceType) {
    PyErr_SetString(PyExc_TypeError, "a source is needed");
    return NULL;
  }
  if (!begin(&self->is_busy, self->appender)) return NULL;
  zarr_vlen_error error;
  bool is_done;
  Py_BEGIN_ALLOW_THREADS
  is_done = zarr_vlen_appender_append(self->appender, &((Source *)object)->column, &error);
  Py_END_ALLOW_THREADS
  self->is_busy = 0;
  if (!is_done) return raise_failure(&error);
  Py_RETURN_NONE;
}

static PyObject *appender_checkpoint(Appender *self, PyObject *unused) {
  if (!begin(&self->is_busy, self->appender)) return NULL;
  zarr_vlen_error error;
  bool is_done;
  Py_BEGIN_ALLOW_THREADS
  is_done = zarr_vlen_appender_checkpoint(self->appender, &error);
  Py_END_ALLOW_THREADS
  self->is_busy = 0;
  if (!is_done) return raise_failure(&error);
  Py_RETURN_NONE;
}

static PyObject *appender_count(Appender *self, PyObject *unused) {
  if (!begin(&self->is_busy, self->appender)) return NULL;
  size_t count = zarr_vlen_appender_count(self->appender);
  self->is_busy = 0;
  return PyLong_FromSize_t(count);
}

/* finish(): the message of the segment. */
static PyObject *appender_finish(Appender *self, PyObject *unused) {
  if (!begin(&self->is_busy, self->appender)) return NULL;
  zarr_vlen_error error;
  zarr_vlen_document *message;
  Py_BEGIN_ALLOW_THREADS
  message = zarr_vlen_segment_finish(self->appender, &error);
  Py_END_ALLOW_THREADS
  self->is_busy = 0;
  return message ? bytes_of_document(message) : raise_failure(&error);
}

static PyObject *appender_close(Appender *self, PyObject *unused) {
  if (!self->appender) Py_RETURN_NONE;
  if (!begin(&self->is_busy, self->appender)) return NULL;
  free_appender(self);
  self->is_busy = 0;
  Py_RETURN_NONE;
}

static PyMethodDef appender_methods[] = {
    {"append", (PyCFunction)appender_append, METH_O, NULL},
    {"checkpoint", (PyCFunction)appender_checkpoint, METH_NOARGS, NULL},
    {"finish", (PyCFunction)appender_finish, METH_NOARGS, NULL},
    {"count", (PyCFunction)appender_count, METH_NOARGS, NULL},
    {"close", (PyCFunction)appender_close, METH_NOARGS, NULL},
    {0},
};

static PyType_Slot appender_slots[] = {
    {Py_tp_dealloc, appender_dealloc},
    {Py_tp_methods, appender_methods},
    {0, NULL},
};

static PyMethodDef array_methods[] = {
    {"read", (PyCFunction)array_read, METH_VARARGS, NULL},
    {"take", (PyCFunction)array_take, METH_VARARGS, NULL},
    {"reader", (PyCFunction)array_reader, METH_VARARGS, NULL},
    {"sampler", (PyCFunction)array_sampler, METH_VARARGS, NULL},
    {"appender", (PyCFunction)array_appender, METH_VARARGS, NULL},
    {"segment", (PyCFunction)array_segment, METH_VARARGS, NULL},
    {"commit", (PyCFunction)array_commit, METH_VARARGS, NULL},
    {"collect", (PyCFunction)array_collect, METH_VARARGS, NULL},
    {0},
};

static PyType_Slot array_slots[] = {
    {Py_tp_new, array_new},
    {Py_tp_dealloc, array_dealloc},
    {Py_tp_methods, array_methods},
    {0, NULL},
};

/* tune(sources, is_text, goal, store_speed, shape): the metadata of an array for such elements. */
static PyObject *tune(PyObject *module, PyObject *arguments) {
  PyObject *list, *shape, *result = NULL;
  int is_text, goal, store_speed;
  if (!PyArg_ParseTuple(arguments, "O!piiO!", &PyList_Type, &list, &is_text, &goal, &store_speed, &PyTuple_Type, &shape))
    return NULL;
  /* Nobody else may take the sources out of it. */
  PyObject *sources = PyList_AsTuple(list);
  if (!sources) return NULL;
  Py_ssize_t count = PyTuple_Size(sources), rank = PyTuple_Size(shape);
  zarr_vlen_column *columns = PyMem_Calloc((size_t)count + 1, sizeof *columns);
  int64_t *lengths = PyMem_Calloc((size_t)rank + 1, sizeof *lengths);
  if (!columns || !lengths) {
    PyErr_NoMemory();
    goto end;
  }
  for (Py_ssize_t d = 0; d < rank; d++) {
    lengths[d] = PyLong_AsLongLong(PyTuple_GetItem(shape, d));
    if (lengths[d] == -1 && PyErr_Occurred()) goto end;
  }
  for (Py_ssize_t i = 0; i < count; i++) {
    PyObject *source = PyTuple_GetItem(sources, i);
    if (Py_TYPE(source) != SourceType) {
      PyErr_SetString(PyExc_TypeError, "sources are needed");
      goto end;
    }
    columns[i] = ((Source *)source)->column;
  }
  zarr_vlen_error error;
  zarr_vlen_document *document;
  Py_BEGIN_ALLOW_THREADS
  document = zarr_vlen_tune(columns, (size_t)count, is_text, goal, store_speed, lengths, (size_t)rank, &error);
  Py_END_ALLOW_THREADS
  result = document ? bytes_of_document(document) : raise_failure(&error);
end:
  PyMem_Free(columns);
  PyMem_Free(lengths);
  Py_DECREF(sources);
  return result;
}

/* register_data_type(name): arrays of it are opened from now on. */
static PyObject *register_data_type(PyObject *module, PyObject *object) {
  const char *name = PyUnicode_AsUTF8AndSize(object, NULL);
  zarr_vlen_error error;
  if (!name) return NULL;
  if (!zarr_vlen_register_data_type(name, &error)) return raise_failure(&error);
  Py_RETURN_NONE;
}

/* The module */

static PyMethodDef functions[] = {
    {"register_data_type", register_data_type, METH_O, NULL},
    {"array_in", array_in, METH_VARARGS, NULL},
    {"tune", tune, METH_VARARGS, NULL},
    {"source_of_objects", source_of_objects, METH_O, NULL},
    {"source_of_strings", source_of_strings, METH_O, NULL},
    {"source_of_arrow", source_of_arrow, METH_VARARGS, NULL},
    {0},
};

enum { MADE_HERE = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION };

static PyType_Spec specs[] = {
    {"zarr_vlen._native.Monitor", sizeof(Monitor), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, monitor_slots},
    {"zarr_vlen._native.Source", sizeof(Source), 0, MADE_HERE, source_slots},
    {"zarr_vlen._native.Stream", sizeof(Stream), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, stream_slots},
    {"zarr_vlen._native.Column", sizeof(Column), 0, MADE_HERE, column_slots},
    {"zarr_vlen._native.EngineArray", sizeof(EngineArray), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
     array_slots},
    {"zarr_vlen._native.Reader", sizeof(Reader), 0, MADE_HERE, reader_slots},
    {"zarr_vlen._native.Sampler", sizeof(Sampler), 0, MADE_HERE, sampler_slots},
    {"zarr_vlen._native.Appender", sizeof(Appender), 0, MADE_HERE, appender_slots},
};

int add_bulk(PyObject *module) {
  PyTypeObject **types[] = {&MonitorType, &SourceType, &StreamType, &ColumnType, &ArrayType, &ReaderType,
                            &SamplerType, &AppenderType};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    PyObject *type = PyType_FromModuleAndSpec(module, &specs[i], NULL);
    if (!type) return -1;
    *types[i] = (PyTypeObject *)type;
    if (PyModule_AddObjectRef(module, strrchr(specs[i].name, '.') + 1, type) < 0) return -1;
  }
  return PyModule_AddFunctions(module, functions);
}
