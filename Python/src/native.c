/* Python objects and NumPy arrays on one side, the library zarr_vlen on the other.
 *
 * The engine decodes and encodes without the lock of the interpreter. Objects are made and looked at while it is held,
 * a box of elements at a time. The limited API is enough, so that one file runs on all versions from 3.12 on. */
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "native.h"

enum { MAXIMUM_RANK = 64, MANY_ELEMENTS = 10000 };

/* What elements are in memory. */
enum kind { KIND_BYTES, KIND_STR, KIND_STRING_DTYPE, KIND_OPTIONAL_BYTES, KIND_OPTIONAL_STR, KIND_JSON, KIND_OPTIONAL_JSON };

static PyObject *EngineError;

NumPy numpy;

static int load_numpy(void) {
  PyObject *module = PyImport_ImportModule("numpy._core._multiarray_umath");
  if (!module) return -1;
  PyObject *capsule = PyObject_GetAttrString(module, "_ARRAY_API");
  Py_DECREF(module);
  if (!capsule) return -1;
  void **table = PyCapsule_GetPointer(capsule, NULL);
  Py_DECREF(capsule);
  if (!table) return -1;
  numpy.array_type = table[2];
  numpy.load = table[313];
  numpy.pack = table[314];
  numpy.acquire = table[316];
  numpy.release = table[318];
  return 0;
}

Array *as_array(PyObject *object) {
  int is_array = PyObject_IsInstance(object, numpy.array_type);
  if (is_array < 0) return NULL;
  if (!is_array) {
    PyErr_SetString(PyExc_TypeError, "an array of NumPy is needed");
    return NULL;
  }
  return (Array *)object;
}

/* UTF-8 */

static int is_utf8(const unsigned char *s, size_t n) {
  size_t i = 0;
  while (i < n) {
    if (s[i] < 0x80) {
      uint64_t word;
      while (i + 8 <= n && (memcpy(&word, s + i, 8), (word & 0x8080808080808080u) == 0)) i += 8;
      while (i < n && s[i] < 0x80) i++;
      continue;
    }
    unsigned char c = s[i];
    size_t more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
    if (c < 0xc2 || c > 0xf4 || more >= n - i) return 0;
    unsigned char d = s[i + 1];
    if ((d & 0xc0) != 0x80 || (c == 0xe0 && d < 0xa0) || (c == 0xed && d > 0x9f) || (c == 0xf0 && d < 0x90) ||
        (c == 0xf4 && d > 0x8f))
      return 0;
    for (size_t k = 2; k <= more; k++)
      if ((s[i + k] & 0xc0) != 0x80) return 0;
    i += more + 1;
  }
  return 1;
}

/* EngineErrors of the library */

PyObject *raise_failure(const zarr_vlen_error *error) {
  if (error->code == ZARR_VLEN_OUT_OF_MEMORY) return PyErr_NoMemory();
  PyObject *message = PyUnicode_DecodeUTF8(error->message, (Py_ssize_t)strlen(error->message), "replace");
  if (!message) return NULL;
  PyObject *arguments = Py_BuildValue(
      "(iiLN)", (int)error->code, (int)error->system_code, (long long)error->part, message);
  if (!arguments) return NULL;
  PyErr_SetObject(EngineError, arguments);
  Py_DECREF(arguments);
  return NULL;
}

/* Parts of values, as zarr-python describes them */

/* How far elements of a part are from each other in an array. */
typedef struct {
  int64_t shape[MAXIMUM_RANK], start[MAXIMUM_RANK], count[MAXIMUM_RANK], strides[MAXIMUM_RANK];
  Py_ssize_t array_strides[MAXIMUM_RANK];
  Py_ssize_t array_offset;
  size_t element_count;
} Box;

typedef struct {
  int rank;
  Py_ssize_t count;
  zarr_vlen_part *parts;
  Box *boxes;
  Py_buffer *buffers;
  PyObject *list;
} Parts;

static void free_parts(Parts *parts) {
  if (parts->buffers)
    for (Py_ssize_t i = 0; i < parts->count; i++)
      if (parts->buffers[i].obj) PyBuffer_Release(&parts->buffers[i]);
  PyMem_Free(parts->parts);
  PyMem_Free(parts->boxes);
  PyMem_Free(parts->buffers);
  Py_XDECREF(parts->list);
}

/* Reads an index or a slice without steps. Returns 1, 0 for anything else, or -1 with an error. */
static int parse_place(PyObject *place, int64_t length, int64_t *start, int64_t *count, int *is_index) {
  Py_ssize_t first, stop, step;
  *is_index = 0;
  if (PySlice_Check(place)) {
    if (PySlice_Unpack(place, &first, &stop, &step) < 0) return -1;
    Py_ssize_t n = PySlice_AdjustIndices((Py_ssize_t)length, &first, &stop, step);
    if (step != 1 || n < 1) return 0;
    *start = first;
    *count = n;
    return 1;
  }
  if (!PyIndex_Check(place)) return 0;
  PyObject *number = PyNumber_Index(place);
  if (!number) {
    /* An array that is no index. */
    PyErr_Clear();
    return 0;
  }
  first = PyLong_AsSsize_t(number);
  Py_DECREF(number);
  if (first == -1 && PyErr_Occurred()) return -1;
  if (first < 0 || first >= length) return 0;
  *start = first;
  *count = 1;
  *is_index = 1;
  return 1;
}

/* Reads where elements of a part are in their value and in the array. Returns as parse_place does. */
static int parse_box(Box *box, int rank, PyObject *chunk, PyObject *out, const Array *array) {
  if (!PyTuple_Check(chunk) || !PyTuple_Check(out) || PyTuple_Size(chunk) != rank) return 0;
  Py_ssize_t out_rank = PyTuple_Size(out), at = 0;
  int is_scalar = array->nd == 0;
  if (!is_scalar && out_rank != array->nd) return 0;
  box->array_offset = 0;
  box->element_count = 1;
  for (int d = 0; d < rank; d++) {
    int is_index;
    int found = parse_place(PyTuple_GetItem(chunk, d), box->shape[d], &box->start[d], &box->count[d], &is_index);
    if (found < 1) return found;
    box->array_strides[d] = 0;
    box->element_count *= (size_t)box->count[d];
    if (is_index || is_scalar) continue;
    if (at >= out_rank) return 0;
    int64_t first, count;
    found = parse_place(PyTuple_GetItem(out, at), array->dimensions[at], &first, &count, &is_index);
    if (found < 1) return found;
    if (is_index || count != box->count[d]) return 0;
    box->array_strides[d] = array->strides[at];
    box->array_offset += (Py_ssize_t)first * array->strides[at];
    at++;
  }
  return is_scalar || at == out_rank;
}

/* Reads a list of (source, shape, chunk selection, out selection, replaces). Returns as parse_place does. */
static int parse_parts(Parts *parts, PyObject *list, const Array *array, int rank) {
  parts->rank = rank;
  parts->list = PySequence_List(list);
  if (!parts->list) return -1;
  Py_ssize_t count = PyList_Size(parts->list);
  parts->count = count;
  parts->parts = PyMem_Calloc((size_t)count + 1, sizeof *parts->parts);
  parts->boxes = PyMem_Malloc(((size_t)count + 1) * sizeof *parts->boxes);
  parts->buffers = PyMem_Calloc((size_t)count + 1, sizeof *parts->buffers);
  if (!parts->parts || !parts->boxes || !parts->buffers) {
    PyErr_NoMemory();
    return -1;
  }
  for (Py_ssize_t i = 0; i < count; i++) {
    PyObject *item = PyList_GetItem(parts->list, i);
    if (!PyTuple_Check(item) || PyTuple_Size(item) != 5) {
      PyErr_SetString(PyExc_TypeError, "a part is a tuple of five");
      return -1;
    }
    zarr_vlen_part *part = &parts->parts[i];
    Box *box = &parts->boxes[i];
    PyObject *shape = PyTuple_GetItem(item, 1);
    if (!PyTuple_Check(shape) || PyTuple_Size(shape) != rank) return 0;
    for (int d = 0; d < rank; d++) {
      Py_ssize_t length = PyLong_AsSsize_t(PyTuple_GetItem(shape, d));
      if (length == -1 && PyErr_Occurred()) return -1;
      box->shape[d] = length;
    }
    int found = parse_box(box, rank, PyTuple_GetItem(item, 2), PyTuple_GetItem(item, 3), array);
    if (found < 1) return found;
    PyObject *source = PyTuple_GetItem(item, 0);
    if (PyUnicode_Check(source)) {
      part->path = PyUnicode_AsUTF8AndSize(source, NULL);
      if (!part->path) return -1;
    } else if (PyTuple_Check(source)) {
      PyObject *store;
      if (!PyArg_ParseTuple(source, "Os", &store, &part->path)) return -1;
      part->store = as_store(store);
      if (!part->store) {
        PyErr_SetString(PyExc_TypeError, "a store and a key are needed");
        return -1;
      }
    } else if (source != Py_None) {
      if (PyObject_GetBuffer(source, &parts->buffers[i], PyBUF_SIMPLE) < 0) return -1;
      /* NULL would be a value that is missing. */
      part->value.data = parts->buffers[i].buf ? parts->buffers[i].buf : "";
      part->value.byte_count = (size_t)parts->buffers[i].len;
    }
    part->shape = box->shape;
    part->start = box->start;
    part->count = box->count;
    part->replaces_value = PyObject_IsTrue(PyTuple_GetItem(item, 4)) == 1;
  }
  return 1;
}

/* Visits the elements of a box of an array in C order, those of the last dimension at a time. */
typedef struct {
  const int64_t *count;
  const Py_ssize_t *strides;
  int rank;
  int64_t at[MAXIMUM_RANK];
  char *place;
} Walk;

/* Elements at equal distances. */
typedef struct {
  char *place;
  Py_ssize_t stride;
  size_t count;
} Run;

static void walk_begin(Walk *walk, int rank, const int64_t *count, const Py_ssize_t *strides, char *place) {
  walk->rank = rank;
  walk->count = count;
  walk->strides = strides;
  walk->place = place;
  memset(walk->at, 0, sizeof walk->at[0] * (size_t)rank);
}

/* Returns the run that the walk is at, and moves it to the next one, which is the first again after the last. */
static Run walk_run(Walk *walk) {
  int last = walk->rank - 1;
  if (last < 0) return (Run){walk->place, 0, 1};
  Run run = {walk->place, walk->strides[last], (size_t)walk->count[last]};
  for (int d = last - 1; d >= 0; d--) {
    walk->place += walk->strides[d];
    if (++walk->at[d] < walk->count[d]) break;
    walk->place -= walk->strides[d] * (Py_ssize_t)walk->count[d];
    walk->at[d] = 0;
  }
  return run;
}

/* Visits the places of the elements of all parts in an array, one part after the other. */
typedef struct {
  const Parts *parts;
  const Array *array;
  Py_ssize_t next_part;
  size_t rest;
  Walk walk;
} Places;

/* Returns 0 after the last run. */
static int next_run(Places *places, Run *run) {
  while (places->rest == 0) {
    if (places->next_part == places->parts->count) return 0;
    const Box *box = &places->parts->boxes[places->next_part++];
    places->rest = box->element_count;
    walk_begin(
        &places->walk, places->parts->rank, box->count, box->array_strides,
        places->array->data + box->array_offset);
  }
  *run = walk_run(&places->walk);
  places->rest -= run->count;
  return 1;
}

/* Objects are spread over memory: to wait for each of them takes longer than all that is done with it. */
enum { AHEAD = 16 };

static inline void prefetch_object(const Run *run, size_t index) {
  if (index + AHEAD < run->count)
    __builtin_prefetch(*(PyObject **)(run->place + (Py_ssize_t)(index + AHEAD) * run->stride), 1);
}

/* Codecs */

typedef struct {
  PyObject_HEAD
  zarr_vlen_codecs *codecs;
  int rank;
} Codecs;

static PyObject *codecs_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords) {
  static char *names[] = {"metadata", "rank", "writes_empty_chunks", "thread_count", NULL};
  const char *metadata;
  Py_ssize_t byte_count;
  int rank, writes_empty_chunks = 0, thread_count = 0;
  if (!PyArg_ParseTupleAndKeywords(
          arguments, keywords, "y#i|pi", names, &metadata, &byte_count, &rank, &writes_empty_chunks, &thread_count))
    return NULL;
  if (rank < 0 || rank > MAXIMUM_RANK) {
    PyErr_SetString(PyExc_ValueError, "arrays have at most 64 dimensions");
    return NULL;
  }
  zarr_vlen_settings settings = {.thread_count = thread_count, .writes_empty_chunks = writes_empty_chunks};
  zarr_vlen_error error;
  zarr_vlen_codecs *made = zarr_vlen_codecs_create(metadata, (size_t)byte_count, &settings, &error);
  if (!made) return raise_failure(&error);
  allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
  Codecs *self = (Codecs *)allocate(type, 0);
  if (!self) {
    zarr_vlen_codecs_free(made);
    return NULL;
  }
  self->codecs = made;
  self->rank = rank;
  return (PyObject *)self;
}

static void codecs_dealloc(Codecs *self) {
  PyTypeObject *type = Py_TYPE((PyObject *)self);
  zarr_vlen_codecs_free(self->codecs);
  freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
  release(self);
  Py_DECREF(type);
}

/* Reading */

typedef struct {
  const Parts *parts;
  const Array *array;
  enum kind kind;
  npy_string_allocator *allocator;
  PyThreadState *thread;
  json_reader *json;
  /* Reads what is no common JSON. */
  PyObject *decode;
  /* What stopped it: the part whose text is no UTF-8, or -1, and whether there was no memory. */
  int64_t damaged_part;
  int has_no_memory;
} Reading;

static PyObject *make_object(const Reading *reading, const zarr_vlen_bytes *element) {
  const char *data = element->data;
  Py_ssize_t byte_count = (Py_ssize_t)element->byte_count;
  enum kind kind = reading->kind;
  if (kind == KIND_OPTIONAL_BYTES || kind == KIND_OPTIONAL_STR || kind == KIND_OPTIONAL_JSON) {
    if (byte_count < 1 || !data[0]) return Py_NewRef(Py_None);
    data++;
    byte_count--;
    kind = kind == KIND_OPTIONAL_BYTES ? KIND_BYTES : kind == KIND_OPTIONAL_STR ? KIND_STR : KIND_JSON;
  }
  if (kind == KIND_STR) return PyUnicode_DecodeUTF8(data, byte_count, NULL);
  if (kind == KIND_BYTES) return PyBytes_FromStringAndSize(data, byte_count);
  if (byte_count == 0) return Py_NewRef(Py_None);
  PyObject *value = json_read(reading->json, data, (size_t)byte_count);
  return value || PyErr_Occurred() ? value : PyObject_CallFunction(reading->decode, "y#", data, byte_count);
}

static bool show(void *context, const zarr_vlen_elements *shown) {
  Reading *reading = context;
  const Box *box = &reading->parts->boxes[shown->part];
  int rank = reading->parts->rank;
  char *place = reading->array->data + box->array_offset;
  for (int d = 0; d < rank; d++) place += (shown->start[d] - box->start[d]) * box->array_strides[d];
  Walk walk;
  walk_begin(&walk, rank, shown->count, box->array_strides, place);
  const zarr_vlen_bytes *element = shown->elements, *end = element + shown->element_count;
  if (reading->kind == KIND_STRING_DTYPE) {
    while (element < end) {
      Run run = walk_run(&walk);
      for (; run.count > 0; run.count--, run.place += run.stride, element++) {
        if (!is_utf8(element->data, element->byte_count)) {
          reading->damaged_part = (int64_t)shown->part;
          return false;
        }
        if (numpy.pack(reading->allocator, run.place, element->data ? element->data : "", element->byte_count) < 0) {
          reading->has_no_memory = 1;
          return false;
        }
      }
    }
    return true;
  }
  PyEval_RestoreThread(reading->thread);
  bool goes_on = true;
  while (goes_on && element < end) {
    Run run = walk_run(&walk);
    for (; run.count > 0; run.count--, run.place += run.stride, element++) {
      PyObject *object = make_object(reading, element);
      if (!object) {
        if (reading->kind != KIND_JSON && PyErr_ExceptionMatches(PyExc_UnicodeDecodeError)) {
          PyErr_Clear();
          reading->damaged_part = (int64_t)shown->part;
        }
        goes_on = false;
        break;
      }
      PyObject **slot = (PyObject **)run.place;
      PyObject *before = *slot;
      *slot = object;
      Py_XDECREF(before);
    }
  }
  reading->thread = PyEval_SaveThread();
  return goes_on;
}

/* Makes many new objects old ones for the collector of cycles, which would look at each of them several times. They
 * have no cycles. What else is new is looked at with the old ones, too. Does nothing where a program has frozen its
 * objects; a few are frozen by Python itself. */
static int age_objects(void) {
  PyObject *gc = PyImport_ImportModule("gc");
  if (!gc) return -1;
  PyObject *count = PyObject_CallMethod(gc, "get_freeze_count", NULL), *done = NULL;
  if (count && PyLong_AsLong(count) < 1000) {
    done = PyObject_CallMethod(gc, "freeze", NULL);
    Py_XDECREF(done);
    done = PyObject_CallMethod(gc, "unfreeze", NULL);
    Py_XDECREF(done);
  }
  Py_XDECREF(count);
  Py_DECREF(gc);
  return PyErr_Occurred() ? -1 : 0;
}

static PyObject *codecs_read(Codecs *self, PyObject *arguments) {
  PyObject *list, *target, *decode;
  int kind;
  zarr_vlen_monitor *monitor = NULL;
  if (!PyArg_ParseTuple(arguments, "OOiO|O&", &list, &target, &kind, &decode, take_monitor, &monitor)) return NULL;
  Array *array = as_array(target);
  if (!array) return NULL;
  Parts parts = {0};
  PyObject *result = NULL;
  bool *missing = NULL;
  json_reader *json = NULL;
  int found = parse_parts(&parts, list, array, self->rank);
  if (found < 1) {
    if (found == 0) result = Py_NewRef(Py_NotImplemented);
    goto end;
  }
  missing = PyMem_Calloc((size_t)parts.count + 1, sizeof *missing);
  if (kind == KIND_JSON || kind == KIND_OPTIONAL_JSON) json = PyMem_Calloc(1, sizeof *json);
  if (!missing || (!json && kind >= KIND_JSON)) {
    PyErr_NoMemory();
    goto end;
  }
  Reading reading = {.parts = &parts, .array = array, .kind = (enum kind)kind, .json = json, .decode = decode,
                     .damaged_part = -1};
  zarr_vlen_error error;
  reading.thread = PyEval_SaveThread();
  if (kind == KIND_STRING_DTYPE) reading.allocator = numpy.acquire(array->descr);
  bool is_done =
      zarr_vlen_read(self->codecs, parts.parts, (size_t)parts.count, show, &reading, missing, monitor, &error);
  if (reading.allocator) numpy.release(reading.allocator);
  PyEval_RestoreThread(reading.thread);
  if (!is_done) {
    if (reading.has_no_memory) error.code = ZARR_VLEN_OUT_OF_MEMORY;
    if (reading.damaged_part >= 0) {
      error = (zarr_vlen_error){.code = ZARR_VLEN_DAMAGED, .part = reading.damaged_part};
      strncpy(error.message, "an element is text, and not UTF-8", sizeof error.message - 1);
    }
    if (!PyErr_Occurred()) raise_failure(&error);
    goto end;
  }
  size_t element_count = 0;
  for (Py_ssize_t i = 0; i < parts.count; i++) element_count += parts.boxes[i].element_count;
  if (json && element_count >= MANY_ELEMENTS && age_objects() < 0) goto end;
  result = PyList_New(parts.count);
  for (Py_ssize_t i = 0; result && i < parts.count; i++) PyList_SetItem(result, i, PyBool_FromLong(missing[i]));
end:
  if (json) json_reader_free(json);
  PyMem_Free(json);
  PyMem_Free(missing);
  free_parts(&parts);
  return result;
}

/* Writing */

/* Appends the bytes of an optional element, or of one that is made of an object. Returns as bytes_of does. */
static int write_object(enum kind kind, PyObject *object, json_text *text) {
  int is_optional = kind != KIND_JSON, is_there = object && object != Py_None;
  if (is_optional) {
    if (json_put(text, is_there ? "\1" : "\0", 1) < 0) return -1;
    if (!is_there) return 1;
  }
  if (kind == KIND_JSON || kind == KIND_OPTIONAL_JSON) return json_write(text, object ? object : Py_None);
  Py_ssize_t byte_count;
  const char *data;
  if (kind == KIND_OPTIONAL_STR) {
    if (!PyUnicode_CheckExact(object)) return 0;
    data = PyUnicode_AsUTF8AndSize(object, &byte_count);
  } else {
    char *bytes = NULL;
    if (!PyBytes_CheckExact(object)) return 0;
    if (PyBytes_AsStringAndSize(object, &bytes, &byte_count) < 0) return -1;
    data = bytes;
  }
  if (!data) {
    /* Python says why it is no text. */
    if (PyErr_ExceptionMatches(PyExc_MemoryError)) return -1;
    PyErr_Clear();
    return 0;
  }
  return json_put(text, data, (size_t)byte_count);
}

/* Finds the bytes of an object, which stay as long as it. Returns 1, 0 for another type, or -1 with an error. */
static int bytes_of(enum kind kind, PyObject *object, zarr_vlen_bytes *bytes) {
  if (kind == KIND_STR) {
    if (!object || !PyUnicode_CheckExact(object)) return 0;
    Py_ssize_t byte_count;
    bytes->data = PyUnicode_AsUTF8AndSize(object, &byte_count);
    bytes->byte_count = (size_t)byte_count;
    return bytes->data ? 1 : -1;
  }
  if (!object || object == Py_None) {
    bytes->data = NULL;
    bytes->byte_count = 0;
    return 1;
  }
  if (!PyBytes_CheckExact(object)) return 0;
  char *data;
  Py_ssize_t byte_count;
  if (PyBytes_AsStringAndSize(object, &data, &byte_count) < 0) return -1;
  bytes->data = data;
  bytes->byte_count = (size_t)byte_count;
  return 1;
}

static PyObject *codecs_write(Codecs *self, PyObject *arguments) {
  PyObject *list, *source;
  int kind;
  zarr_vlen_monitor *monitor = NULL;
  if (!PyArg_ParseTuple(arguments, "OOi|O&", &list, &source, &kind, take_monitor, &monitor)) return NULL;
  Array *array = as_array(source);
  if (!array) return NULL;
  Parts parts = {0};
  PyObject *result = NULL;
  zarr_vlen_bytes *elements = NULL;
  PyObject **held = NULL;
  size_t total = 0, held_count = 0;
  json_text text = {NULL, 0, 0};
  npy_string_allocator *allocator = NULL;
  int found = parse_parts(&parts, list, array, self->rank);
  if (found < 1) {
    if (found == 0) result = Py_NewRef(Py_NotImplemented);
    goto end;
  }
  for (Py_ssize_t i = 0; i < parts.count; i++) {
    Box *box = &parts.boxes[i];
    parts.parts[i].first_element = total;
    parts.parts[i].strides = box->strides;
    int64_t stride = 1;
    for (int d = parts.rank - 1; d >= 0; d--) {
      box->strides[d] = stride;
      stride *= box->count[d];
    }
    total += box->element_count;
  }
  elements = PyMem_Malloc((total + 1) * sizeof *elements);
  if (kind < KIND_STRING_DTYPE) held = PyMem_Malloc((total + 1) * sizeof *held);
  if (!elements || (kind < KIND_STRING_DTYPE && !held)) {
    PyErr_NoMemory();
    goto end;
  }
  Places places = {.parts = &parts, .array = array};
  Run run;
  zarr_vlen_error error;
  zarr_vlen_values *values = NULL;
  bool is_done = false;
  int is_absent = 0;
  if (kind == KIND_STRING_DTYPE) {
    Py_BEGIN_ALLOW_THREADS
    allocator = numpy.acquire(array->descr);
    for (size_t at = 0; next_run(&places, &run);) {
      for (; run.count > 0; run.count--, run.place += run.stride, at++) {
        npy_static_string text = {0, NULL};
        if (numpy.load(allocator, run.place, &text) != 0) is_absent = 1;
        elements[at].data = text.buf;
        elements[at].byte_count = text.size;
      }
    }
    if (!is_absent)
      is_done = zarr_vlen_write(
          self->codecs, parts.parts, (size_t)parts.count, elements, total, true, &values, monitor, &error);
    numpy.release(allocator);
    Py_END_ALLOW_THREADS
    if (is_absent) {
      /* The caller knows what an absent element is. */
      result = Py_NewRef(Py_NotImplemented);
      goto end;
    }
  } else if (kind >= KIND_OPTIONAL_BYTES) {
    for (size_t at = 0; next_run(&places, &run);) {
      for (size_t i = 0; i < run.count; i++, at++) {
        size_t before = text.count;
        PyObject *object = *(PyObject **)(run.place + (Py_ssize_t)i * run.stride);
        prefetch_object(&run, i);
        int is_known = write_object((enum kind)kind, object, &text);
        if (is_known < 1) {
          if (is_known == 0) result = Py_NewRef(Py_NotImplemented);
          goto end;
        }
        elements[at].byte_count = text.count - before;
      }
    }
    /* The text has moved while it grew. */
    const char *data = text.data;
    for (size_t k = 0; k < total; k++) {
      elements[k].data = data;
      data += elements[k].byte_count;
    }
    Py_BEGIN_ALLOW_THREADS
    is_done = zarr_vlen_write(
        self->codecs, parts.parts, (size_t)parts.count, elements, total, kind == KIND_JSON, &values, monitor,
        &error);
    Py_END_ALLOW_THREADS
  } else {
    while (next_run(&places, &run)) {
      for (size_t i = 0; i < run.count; i++) {
        PyObject *object = *(PyObject **)(run.place + (Py_ssize_t)i * run.stride);
        prefetch_object(&run, i);
        int is_known = bytes_of((enum kind)kind, object, &elements[held_count]);
        if (is_known < 1) {
          if (is_known == 0) result = Py_NewRef(Py_NotImplemented);
          goto end;
        }
        /* Another thread may put something else into the array meanwhile. */
        held[held_count++] = Py_XNewRef(object);
      }
    }
    Py_BEGIN_ALLOW_THREADS
    is_done = zarr_vlen_write(
        self->codecs, parts.parts, (size_t)parts.count, elements, total, kind == KIND_STR, &values, monitor,
        &error);
    Py_END_ALLOW_THREADS
  }
  if (!is_done) {
    raise_failure(&error);
    goto end;
  }
  result = PyList_New(parts.count);
  for (Py_ssize_t i = 0; result && i < parts.count; i++) {
    zarr_vlen_bytes value = zarr_vlen_values_get(values, (size_t)i);
    PyObject *item =
        value.data ? PyBytes_FromStringAndSize(value.data, (Py_ssize_t)value.byte_count) : Py_NewRef(Py_None);
    if (!item) Py_CLEAR(result);
    else PyList_SetItem(result, i, item);
  }
  zarr_vlen_values_free(values);
end:
  for (size_t i = 0; i < held_count; i++) {
    if (i + AHEAD < held_count) __builtin_prefetch(held[i + AHEAD], 1);
    Py_XDECREF(held[i]);
  }
  PyMem_Free(held);
  PyMem_Free(text.data);
  PyMem_Free(elements);
  free_parts(&parts);
  return result;
}

static PyMethodDef codecs_methods[] = {
    {"read", (PyCFunction)codecs_read, METH_VARARGS, NULL},
    {"write", (PyCFunction)codecs_write, METH_VARARGS, NULL},
    {0},
};

static PyType_Slot codecs_slots[] = {
    {Py_tp_new, codecs_new},
    {Py_tp_dealloc, codecs_dealloc},
    {Py_tp_methods, codecs_methods},
    {0, NULL},
};

static PyType_Spec codecs_spec = {
    .name = "zarr_vlen._native.Codecs",
    .basicsize = sizeof(Codecs),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = codecs_slots,
};

static int execute(PyObject *module) {
  if (load_numpy() < 0) return -1;
  if (!EngineError) EngineError = PyErr_NewException("zarr_vlen._native.EngineError", NULL, NULL);
  if (!EngineError || PyModule_AddObjectRef(module, "EngineError", EngineError) < 0) return -1;
  PyObject *type = PyType_FromModuleAndSpec(module, &codecs_spec, NULL);
  if (!type || PyModule_AddObjectRef(module, "Codecs", type) < 0) return -1;
  Py_DECREF(type);
  return add_bulk(module) < 0 ? -1 : add_stores(module);
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, execute},
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},
    {0, NULL},
};

static struct PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT, .m_name = "zarr_vlen._native", .m_slots = module_slots};

PyMODINIT_FUNC PyInit__native(void) { return PyModuleDef_Init(&module_definition); }
