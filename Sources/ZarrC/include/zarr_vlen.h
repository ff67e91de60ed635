/* Variable-length elements in Zarr arrays, for any language that calls C: the codecs of chunks and shards, and whole
 * arrays.
 *
 * A program that knows Zarr hands over an array's metadata document once, and then parts of stored values: where a
 * chunk or a shard is, and which of its elements are meant. One call decodes or encodes many parts on all cores.
 * Values are files, or bytes that the caller has; which files, and what is not stored, is for the caller to say.
 *
 *     zarr_vlen_codecs *codecs = zarr_vlen_codecs_create(json, strlen(json), NULL, &error);
 *     zarr_vlen_read(codecs, parts, 2, show, context, missing, NULL, &error);
 *     zarr_vlen_codecs_free(codecs);
 *
 * A program that does not know Zarr opens an array in a directory, in a store that has a URL, or in one of its own, and
 * reads and appends elements as Arrow has them.
 *
 *     zarr_vlen_array *array = zarr_vlen_array_open("names.zarr", "", NULL, &error);
 *     zarr_vlen_batch *batch = zarr_vlen_array_read(array, NULL, NULL, 0, NULL, &error);
 *
 *     zarr_vlen_opened_store *store = zarr_vlen_store_open("s3://bucket/a.zarr", false, NULL, 0, NULL, NULL, &error);
 *     zarr_vlen_array *remote = zarr_vlen_array_open_at(store, "", NULL, NULL, &error);
 *
 * All functions but zarr_vlen_main can be called from any number of threads at a time, and after a fork from the child.
 * They block until they are done, never print, and never end the process because of what is stored. Those that can fail
 * return false or NULL, and then describe the failure in *error unless that is NULL. */
#ifndef ZARR_VLEN_H
#define ZARR_VLEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What kind of failure it is. */
enum zarr_vlen_error_code {
  ZARR_VLEN_NO_ERROR = 0,
  /* An argument that no caller should pass, such as elements outside of their value. */
  ZARR_VLEN_INVALID_ARGUMENT = 1,
  /* The metadata document is not valid. */
  ZARR_VLEN_INVALID_METADATA = 2,
  /* The document is valid, and has something that is not supported. */
  ZARR_VLEN_UNSUPPORTED = 3,
  /* A stored value is damaged, or beyond the limits of what is decoded. */
  ZARR_VLEN_DAMAGED = 4,
  /* An element cannot be stored. */
  ZARR_VLEN_INVALID_ELEMENT = 5,
  /* The system refused something; system_code says what. */
  ZARR_VLEN_SYSTEM = 6,
  /* There is not enough memory. */
  ZARR_VLEN_OUT_OF_MEMORY = 7,
  /* A function of the caller, or a monitor, asked to stop. */
  ZARR_VLEN_STOPPED = 8,
  /* There is no array, or a node of another kind; or a segment is not there any more. */
  ZARR_VLEN_NOT_FOUND = 9,
  /* A server could not be reached, or did not do what it was asked for, however often. */
  ZARR_VLEN_UNAVAILABLE = 10,
};

/* A failure. */
typedef struct zarr_vlen_error {
  /* One of enum zarr_vlen_error_code. */
  int32_t code;
  /* For ZARR_VLEN_SYSTEM the value of errno, or the one that is like it: EACCES where a server forbids something, EROFS
   * for what can only be read, EBUSY for a lock that another writer holds, ESTALE for a value that another writer has
   * replaced; otherwise 0. */
  int32_t system_code;
  /* Which of the parts of the call it is about, or -1. */
  int64_t part;
  /* What happened to what, in UTF-8; cut if it is long. */
  char message[496];
} zarr_vlen_error;

/* Bytes in memory. */
typedef struct zarr_vlen_bytes {
  /* The first byte. It may be NULL if there are none. */
  const void *data;
  size_t byte_count;
} zarr_vlen_bytes;

/* A store that was opened by its URL. */
typedef struct zarr_vlen_opened_store zarr_vlen_opened_store;

/* Follows calls, and can stop them. */
typedef struct zarr_vlen_monitor zarr_vlen_monitor;

/* A part of a stored value. The memory that it points to stays as it is until the call returns. */
typedef struct zarr_vlen_part {
  /* The file that the value is in: an absolute path, without names that are . or .. or empty. If there is a store, the
   * key of the value in it. NULL if the value is in memory. */
  const char *path;
  /* The store that the value is in, or NULL. */
  const zarr_vlen_opened_store *store;
  /* The value in memory, where path is NULL. If data is NULL, too, there is no such value. */
  zarr_vlen_bytes value;
  /* The number of elements of the value along each dimension. */
  const int64_t *shape;
  /* The first element of the part along each dimension, counted from the first one of the value. */
  const int64_t *start;
  /* The number of elements of the part along each dimension, at least 1. */
  const int64_t *count;

  /* For writing: where the first element of the part is among those that the caller has, */
  size_t first_element;
  /* how far the next one is along each dimension (in elements, not in bytes), */
  const int64_t *strides;
  /* and whether nothing is kept of what the value was before. Elements outside of the part are the fill value then. */
  bool replaces_value;
} zarr_vlen_part;

/* How the values of an array are stored. */
typedef struct zarr_vlen_codecs zarr_vlen_codecs;

/* What of a value survives when its writer, or the machine, is stopped in the middle. */
enum zarr_vlen_durability {
  /* The old value or the new one, also after its writer was killed. */
  ZARR_VLEN_ATOMIC = 0,
  /* Perhaps a part of it. */
  ZARR_VLEN_UNPROTECTED = 1,
  /* All of it when the call returns, also after a crash of the machine. */
  ZARR_VLEN_DURABLE = 2,
};

/* Settings; those that are 0 have their usual values. */
typedef struct zarr_vlen_settings {
  /* The most threads that a call uses; as many as there are cores by default. */
  int32_t thread_count;
  /* Whether values whose elements all equal the fill value are stored, too. */
  bool writes_empty_chunks;
  /* The most bytes that a chunk may decode to; 1 GiB by default. */
  uint64_t decoded_byte_limit;
  /* For arrays: one of enum zarr_vlen_durability. */
  int32_t durability;
  /* For arrays: the most bytes of decoded chunks that are kept for the next call; none by default. */
  uint64_t cache_byte_count;
  /* For arrays: how many seconds what is kept of a stored value is relied on, without asking the store whether it was
   * replaced. */
  double cache_check_seconds;
} zarr_vlen_settings;

/* Reads the metadata of an array: the bytes of its zarr.json, or in Zarr v2 of its .zarray.
 *
 * Of the shape only the number of dimensions matters. NULL is for metadata that is not valid or not supported. */
zarr_vlen_codecs *zarr_vlen_codecs_create(
    const char *metadata, size_t byte_count, const zarr_vlen_settings *settings, zarr_vlen_error *error);

/* Frees what zarr_vlen_codecs_create has made, when no call uses it any more. NULL does nothing. */
void zarr_vlen_codecs_free(zarr_vlen_codecs *codecs);

/* Elements of a part, while they are shown. */
typedef struct zarr_vlen_elements {
  /* Which of the parts of the call they are of. */
  size_t part;
  /* The first of them along each dimension, counted from the first one of the value, and how many there are. */
  const int64_t *start;
  const int64_t *count;
  /* All of them in C order. */
  const zarr_vlen_bytes *elements;
  size_t element_count;
} zarr_vlen_elements;

/* Takes elements. They are valid until it returns, which is true to go on. */
typedef bool (*zarr_vlen_show)(void *context, const zarr_vlen_elements *elements);

/* Decodes parts, and shows their elements in boxes, in any order.
 *
 * show is called on the calling thread alone, while other threads go on decoding. missing has a place for each part,
 * and says whether there is no such value; then nothing of it is shown. An optional element is a byte 1 and its bytes,
 * or a byte 0. monitor may be NULL. */
bool zarr_vlen_read(
    zarr_vlen_codecs *codecs, const zarr_vlen_part *parts, size_t part_count, zarr_vlen_show show, void *context,
    bool *missing, const zarr_vlen_monitor *monitor, zarr_vlen_error *error);

/* Values that were encoded. */
typedef struct zarr_vlen_values zarr_vlen_values;

/* Encodes elements, and puts them into values.
 *
 * A value with a path is written beside its file, and takes its place when it is complete, as one in a store does; if
 * all its elements equal the fill value, the value is removed. The other new values are returned. No two parts may be of one value. Keep other
 * writers of the same values away. If a part fails, others may have been written.
 *
 * are_text says that the elements are known to be valid UTF-8, so that they are not checked again. monitor may be NULL. */
bool zarr_vlen_write(
    zarr_vlen_codecs *codecs, const zarr_vlen_part *parts, size_t part_count, const zarr_vlen_bytes *elements,
    size_t element_count, bool are_text, zarr_vlen_values **values, const zarr_vlen_monitor *monitor,
    zarr_vlen_error *error);

/* A value that was encoded, by the number of its part; data is NULL if it need not be stored, or has a path. */
zarr_vlen_bytes zarr_vlen_values_get(const zarr_vlen_values *values, size_t part);

/* Frees what zarr_vlen_write has made. NULL does nothing. */
void zarr_vlen_values_free(zarr_vlen_values *values);

/* How far the calls with a monitor have come. */
typedef struct zarr_vlen_progress {
  uint64_t element_count;
  /* The bytes of these elements, and those that their chunks are stored as. */
  uint64_t element_byte_count;
  uint64_t stored_byte_count;
} zarr_vlen_progress;

zarr_vlen_monitor *zarr_vlen_monitor_create(void);

/* Asks the calls with the monitor to stop. They fail with ZARR_VLEN_STOPPED when their threads are done with their
 * chunks, and do not wait for servers any more. */
void zarr_vlen_monitor_cancel(const zarr_vlen_monitor *monitor);

zarr_vlen_progress zarr_vlen_monitor_progress(const zarr_vlen_monitor *monitor);

/* Frees a monitor, which calls may go on using. NULL does nothing. */
void zarr_vlen_monitor_free(zarr_vlen_monitor *monitor);

/* How a store is opened: the name of an option, and its value as text. */
typedef struct zarr_vlen_option {
  const char *name, *value;
} zarr_vlen_option;

/* Opens the store that a URL or a path names, or makes one:
 *
 *     path, file:///path      a directory, or a zip archive that is a file
 *     s3://bucket/prefix      what is in a bucket of Amazon S3, or of a server that speaks its protocol
 *     https://host/path       what a web server has, which can only be read
 *     URL|zip:path            an archive there, and a path in it
 *
 * Buckets are reached as the AWS tools do it, with their environment and configuration, unless there are options. A
 * number is in decimal, a flag is "true" or "false".
 *
 *     endpoint                the address of a server that speaks the protocol of S3
 *     region, profile         those of the AWS tools
 *     access_key, secret_key, session_token
 *     anonymous               whether requests are not signed
 *     addressing              where the bucket is in addresses: "path" or "virtual_host"
 *     uses_checksums          whether CRC-32C checksums are sent and compared
 *     is_shared               whether other processes may write there at the same time
 *     lease_duration          how long a lock is good without being renewed, in seconds
 *     header                  a field of every request to a web server, "name: value"; may be given several times
 *     missing_statuses        what a web server answers where there is no value: numbers with commas between them
 *     certificate_file        the certificates to trust in, for all servers
 *     request_concurrency     how many requests are in flight at a time
 *     attempt_limit           how often a request is made, and
 *     time_limit              for how many seconds
 *
 * Of the settings, durability is for directories. monitor may be NULL. */
zarr_vlen_opened_store *zarr_vlen_store_open(
    const char *url, bool is_writable, const zarr_vlen_option *options, size_t option_count,
    const zarr_vlen_settings *settings, const zarr_vlen_monitor *monitor, zarr_vlen_error *error);

/* What is known of a store. */
typedef struct zarr_vlen_store_description {
  /* Where the store is, without secrets, until it is freed. */
  const char *location;
  /* How many calls may wait for the store at a time; 1 for a store that answers at once. */
  int32_t request_concurrency;
  /* Whether the store can tell its keys. */
  bool is_listable;
  /* Whether what is written is there only once zarr_vlen_store_finish has returned, as in an archive. */
  bool has_to_be_finished;
} zarr_vlen_store_description;

zarr_vlen_store_description zarr_vlen_store_describe(const zarr_vlen_opened_store *store);

/* A value of a store, or a part of it. */
typedef struct zarr_vlen_value zarr_vlen_value;

/* Gets a value, or a part of it: count bytes from first on, and all that follow if count is -1; if first is -1, the last
 * count bytes. What is beyond the end of the value is left out. If count is 0, only the size of the value is asked for.
 * *value is NULL if there is no such value. */
bool zarr_vlen_store_get(
    const zarr_vlen_opened_store *store, const char *key, int64_t first, int64_t count, zarr_vlen_value **value,
    const zarr_vlen_monitor *monitor, zarr_vlen_error *error);

/* The bytes of a value, which are valid until it is freed. */
zarr_vlen_bytes zarr_vlen_value_get(const zarr_vlen_value *value);

/* The size of the whole value in bytes. */
uint64_t zarr_vlen_value_size(const zarr_vlen_value *value);

/* Frees a value. NULL does nothing. */
void zarr_vlen_value_free(zarr_vlen_value *value);

/* Puts a value in the place of the one that was there. Readers see the one or the other. */
bool zarr_vlen_store_set(
    const zarr_vlen_opened_store *store, const char *key, const void *data, size_t byte_count,
    const zarr_vlen_monitor *monitor, zarr_vlen_error *error);

/* Puts a value where there is none; if there is one, it stays, which is no failure. Of several writers one succeeds, if
 * the store compares. */
bool zarr_vlen_store_set_if_absent(
    const zarr_vlen_opened_store *store, const char *key, const void *data, size_t byte_count,
    const zarr_vlen_monitor *monitor, zarr_vlen_error *error);

/* Removes a value, if there is one. */
bool zarr_vlen_store_delete(
    const zarr_vlen_opened_store *store, const char *key, const zarr_vlen_monitor *monitor, zarr_vlen_error *error);

/* Removes all values whose keys begin with the names of a prefix; all values if it is "". */
bool zarr_vlen_store_delete_all(
    const zarr_vlen_opened_store *store, const char *prefix, const zarr_vlen_monitor *monitor, zarr_vlen_error *error);

/* Takes a key, or a name. */
typedef void (*zarr_vlen_take)(void *context, const char *name);

/* Lists the keys that begin with the names of a prefix, in no particular order; all if it is "". */
bool zarr_vlen_store_list(
    const zarr_vlen_opened_store *store, const char *prefix, zarr_vlen_take take, void *context,
    const zarr_vlen_monitor *monitor, zarr_vlen_error *error);

/* Lists the names that keys have directly below a prefix. */
bool zarr_vlen_store_list_directory(
    const zarr_vlen_opened_store *store, const char *prefix, zarr_vlen_take take, void *context,
    const zarr_vlen_monitor *monitor, zarr_vlen_error *error);

/* Has what was written take its place, where the store has to be finished. Nothing can be written afterwards. */
bool zarr_vlen_store_finish(
    const zarr_vlen_opened_store *store, const zarr_vlen_monitor *monitor, zarr_vlen_error *error);

/* Frees a store; arrays in it may go on using it. What was not finished is gone. NULL does nothing. */
void zarr_vlen_store_free(zarr_vlen_opened_store *store);

/* Says which file has the certificates to trust in, where the system has none that is found. */
void zarr_vlen_set_fallback_certificates(const char *path);

/* Has arrays opened from now on whose data type has a name that the library does not know: what you call it, and its settings,
 * are for you to understand, and so is what elements mean. They are bytes of any number. A fill value is null, which is
 * no bytes, or base64 text. Also optional elements may be of it. The name of a data type that is known changes nothing. */
bool zarr_vlen_register_data_type(const char *name, zarr_vlen_error *error);

/* An array in a directory, or in a store. */
typedef struct zarr_vlen_array zarr_vlen_array;

/* Opens the array at a path below the directory of a store; the path of the root is "". */
zarr_vlen_array *zarr_vlen_array_open(
    const char *directory, const char *path, const zarr_vlen_settings *settings, zarr_vlen_error *error);

/* Opens the array at a path in a store that was opened by its URL. Of the settings, durability is not looked at. monitor
 * may be NULL. */
zarr_vlen_array *zarr_vlen_array_open_at(
    const zarr_vlen_opened_store *store, const char *path, const zarr_vlen_settings *settings,
    const zarr_vlen_monitor *monitor, zarr_vlen_error *error);

/* What a function of a store hands over to the library, while it is called. */
typedef struct zarr_vlen_sink zarr_vlen_sink;

/* A store of the caller: values by key, such as "a/c/0", whose names are text in UTF-8 with slashes between them.
 *
 * The functions may be called from any number of threads at a time, until release is called. They return whether they
 * have done their work; the library then fails with ZARR_VLEN_STOPPED, and what has happened is for the caller to know. */
typedef struct zarr_vlen_store {
  void *context;
  /* Where the store is, as messages show it. */
  const char *location;
  /* How many calls of read and write may wait for the store at a time; 1 for a store that answers at once. */
  int32_t request_concurrency;
  /* Hands a value, or a part of it, to zarr_vlen_sink_value; does not call that if there is no such value. The part has
   * count bytes from first on, and all that follow if count is -1; if first is -1, it is the last count bytes. What is
   * beyond the end of the value is left out. If count is 0, only the size of the value is asked for. */
  bool (*read)(void *context, const char *key, int64_t first, int64_t count, zarr_vlen_sink *sink);
  /* Puts a value in the place of the one that was there. Readers see the one or the other. */
  bool (*write)(void *context, const char *key, const void *data, size_t byte_count);
  /* Removes a value, if there is one. */
  bool (*remove)(void *context, const char *key);
  /* Hands the keys that begin with the names of a prefix to zarr_vlen_sink_key, one by one; all if it is "". */
  bool (*list)(void *context, const char *prefix, zarr_vlen_sink *sink);
  /* Is called once, on any thread, when the library does not use the store any more. It may be NULL. */
  void (*release)(void *context);
} zarr_vlen_store;

/* Takes a part of a value of value_byte_count bytes, all of them together. The library copies it. */
void zarr_vlen_sink_value(zarr_vlen_sink *sink, uint64_t value_byte_count, const void *part, size_t byte_count);

/* Takes a key. */
void zarr_vlen_sink_key(zarr_vlen_sink *sink, const char *key);

/* Opens the array at a path in a store of the caller, which is released at last, also if this fails. Of the settings,
 * durability is for the store. */
zarr_vlen_array *zarr_vlen_array_open_in(
    const zarr_vlen_store *store, const char *path, const zarr_vlen_settings *settings, zarr_vlen_error *error);

/* Frees what zarr_vlen_array_open and its like have made; readers and appenders may go on using it. NULL does nothing. */
void zarr_vlen_array_free(zarr_vlen_array *array);

/* How the elements of a column lie in memory. */
enum zarr_vlen_layout {
  /* places has a zarr_vlen_bytes for each element. */
  ZARR_VLEN_POINTERS = 0,
  /* places has count + 1 numbers of 32 or 64 bits, and the bytes of element i are data from number i to number i + 1, as
   * in Arrow. */
  ZARR_VLEN_OFFSETS_32 = 1,
  ZARR_VLEN_OFFSETS_64 = 2,
};

/* Elements in memory. */
typedef struct zarr_vlen_column {
  size_t count;
  /* One of enum zarr_vlen_layout. */
  int32_t layout;
  const void *places;
  const uint8_t *data;
  /* A bit for each element, those of a byte from the lowest on, which is 0 for an element that is absent; NULL if there
   * are none. The first element has bit first_bit. */
  const uint8_t *validity;
  size_t first_bit;
  /* The absent elements, in a column that the library returns. */
  size_t absent_count;
} zarr_vlen_column;

/* Elements that were read. */
typedef struct zarr_vlen_batch zarr_vlen_batch;

/* Reads a box of elements in C order, on all cores; all elements if start is NULL.
 *
 * start and count have a place for each dimension. The elements must be of any size: bytes, text, JSON as its text, or
 * optional ones of these. monitor may be NULL. */
zarr_vlen_batch *zarr_vlen_array_read(
    const zarr_vlen_array *array, const int64_t *start, const int64_t *count, size_t rank,
    const zarr_vlen_monitor *monitor, zarr_vlen_error *error);

/* Reads the elements at some places, in this order; each chunk that has some of them is decoded once.
 *
 * indices has count numbers for the first dimension, then as many for the second one, and so on. A negative number counts
 * from the end. The same place may come more than once. The elements must be of any size, as for zarr_vlen_array_read. */
zarr_vlen_batch *zarr_vlen_array_take(
    const zarr_vlen_array *array, const int64_t *indices, size_t count, size_t rank,
    const zarr_vlen_monitor *monitor, zarr_vlen_error *error);

/* How batches in random order are drawn. */
typedef struct zarr_vlen_sampling {
  /* The elements of a batch, at least 1. */
  int64_t batch_size;
  /* What the order follows from, and which pass through the array it is. */
  uint64_t seed;
  int64_t epoch;
  /* Which part of the elements to draw, counted from 0, and into how many they are divided. */
  int64_t part_index;
  int64_t part_count;
  /* About how many bytes of elements a batch is drawn from; 64 MiB if it is 0. */
  uint64_t window_byte_count;
  /* Whether the last batch is left out if it has fewer elements. */
  bool drops_last;
} zarr_vlen_sampling;

/* Draws batches in random order, each element once. One thread at a time may use it. */
typedef struct zarr_vlen_sampler zarr_vlen_sampler;

/* Begins to draw batches. The elements must be of any size, as for zarr_vlen_array_read. monitor may be NULL. */
zarr_vlen_sampler *zarr_vlen_sampler_create(
    const zarr_vlen_array *array, const zarr_vlen_sampling *sampling, const zarr_vlen_monitor *monitor,
    zarr_vlen_error *error);

/* Draws the next batch, while other threads read what comes after it. *batch is NULL after the last one. *indices is where
 * each element is in the array, counted in C order, and valid until the next call. */
bool zarr_vlen_sampler_next(
    zarr_vlen_sampler *sampler, zarr_vlen_batch **batch, const int64_t **indices, zarr_vlen_error *error);

/* The number of elements that are drawn. */
uint64_t zarr_vlen_sampler_count(const zarr_vlen_sampler *sampler);

/* Ends drawing. NULL does nothing. */
void zarr_vlen_sampler_free(zarr_vlen_sampler *sampler);

/* The elements of a batch, with offsets of 64 bits, which are valid until the batch is freed. */
zarr_vlen_column zarr_vlen_batch_get(const zarr_vlen_batch *batch);

/* Frees a batch. NULL does nothing. */
void zarr_vlen_batch_free(zarr_vlen_batch *batch);

/* Reads elements one batch after the other. One thread at a time may use it. */
typedef struct zarr_vlen_reader zarr_vlen_reader;

/* Begins to read count elements from first on, counted in C order; all that follow if count is -1. monitor may be NULL. */
zarr_vlen_reader *zarr_vlen_reader_create(
    const zarr_vlen_array *array, int64_t first, int64_t count, const zarr_vlen_monitor *monitor,
    zarr_vlen_error *error);

/* Reads the next batch, of about 8 MiB, while other threads go on with the one after it. *batch is NULL after the last
 * one. */
bool zarr_vlen_reader_next(zarr_vlen_reader *reader, zarr_vlen_batch **batch, zarr_vlen_error *error);

/* Ends reading. NULL does nothing. */
void zarr_vlen_reader_free(zarr_vlen_reader *reader);

/* Writes elements after the last ones of an array, along its first dimension. One thread at a time may use it. */
typedef struct zarr_vlen_appender zarr_vlen_appender;

/* Begins to append. memory_budget is that of full chunks that wait to be stored, in bytes, or 0 for 64 MiB. monitor may be
 * NULL. */
zarr_vlen_appender *zarr_vlen_appender_create(
    const zarr_vlen_array *array, size_t memory_budget, const zarr_vlen_monitor *monitor, zarr_vlen_error *error);

/* Appends elements, while other threads encode full chunks. If it fails, some may have been appended. */
bool zarr_vlen_appender_append(
    zarr_vlen_appender *appender, const zarr_vlen_column *column, zarr_vlen_error *error);

/* Stores what was appended, and then gives the array a shape that covers it. */
bool zarr_vlen_appender_checkpoint(zarr_vlen_appender *appender, zarr_vlen_error *error);

/* The elements that were appended. */
size_t zarr_vlen_appender_count(const zarr_vlen_appender *appender);

/* Ends appending: the array stays as it was at the last checkpoint. What was stored of a segment that is not finished is
 * removed. NULL does nothing. */
void zarr_vlen_appender_free(zarr_vlen_appender *appender);

/* A document that the library has made. */
typedef struct zarr_vlen_document zarr_vlen_document;

/* Begins a segment: elements that are stored beside an array, encoded, until zarr_vlen_array_commit puts them into it. Any
 * number of processes, on any machines, make segments of one array at a time, and none waits for another.
 *
 * The array is of Zarr v3 and has one dimension. chunk_byte_count is the most bytes of a chunk, in an array whose chunks
 * differ in length, or 0 for 4 MiB. The other arguments are those of zarr_vlen_appender_create. Elements are appended with
 * zarr_vlen_appender_append; there are no checkpoints. */
zarr_vlen_appender *zarr_vlen_segment_create(
    const zarr_vlen_array *array, size_t chunk_byte_count, size_t memory_budget, const zarr_vlen_monitor *monitor,
    zarr_vlen_error *error);

/* Stores what was appended, and returns what the process that commits has to know: some hundred bytes of JSON, and about
 * ten for each chunk. The appender can then only be freed. */
zarr_vlen_document *zarr_vlen_segment_finish(zarr_vlen_appender *appender, zarr_vlen_error *error);

/* Puts segments at the end of an array, in the order of their messages, without encoding them again. Readers find all of
 * their elements or none.
 *
 * The call can be repeated with the same messages, in any process, and in two at a time: the segments are in the array once,
 * and first_row and row_count, which may be NULL, are the same. If a segment is no longer stored, that is
 * ZARR_VLEN_NOT_FOUND and nothing has changed. time_limit is how long to wait for others who append, in seconds. monitor
 * may be NULL. An array that is open already does not hear of the rows: open it again. */
bool zarr_vlen_array_commit(
    const zarr_vlen_array *array, const zarr_vlen_bytes *messages, size_t message_count, double time_limit,
    int64_t *first_row, int64_t *row_count, const zarr_vlen_monitor *monitor, zarr_vlen_error *error);

/* Lists what jobs have left beside an array that will not become a part of it: segments that no commit has taken, records of
 * commits, marks of parts, and values of which only parts were sent to a bucket. With removes, it is removed too; a commit
 * that is under way finds its segments or not, and does not lose some of them.
 *
 * age is how long ago the work has to have begun, in seconds: name one that no job reaches, since what a running job has
 * stored looks the same. The document is an array of JSON objects such as {"kind": "segment", "name": "…", "byte_count": 10,
 * "beginning": 1700000000}: the kind is segment, commit, parts or upload, and the beginning, in seconds since 1970, is missing
 * where it is not known. The name of an upload is the key that it is for. If the server does not list uploads, or not for you,
 * the last object is {"kind": "upload", "problem": "…"} with the reason. monitor may be NULL. */
zarr_vlen_document *zarr_vlen_array_collect(
    const zarr_vlen_array *array, double age, bool removes, const zarr_vlen_monitor *monitor, zarr_vlen_error *error);

/* An array that processes fill in parts whose lengths are known before, without knowing of each other. */
typedef struct zarr_vlen_plan zarr_vlen_plan;

/* Makes such an array, or finds the one that another process has made by the same call. One that differs is an error that
 * says in what.
 *
 * metadata is the zarr.json of the array as it will be; its chunks have one length. The parts are regions of about one size
 * that have no chunk and no shard in common. Each is written in place by any means, also again, or by two processes at a
 * time. In the store the array has no rows before zarr_vlen_plan_finish. monitor may be NULL here and below. */
zarr_vlen_plan *zarr_vlen_plan_create(
    const zarr_vlen_opened_store *store, const char *path, const char *metadata, size_t byte_count, int64_t part_count,
    const zarr_vlen_monitor *monitor, zarr_vlen_error *error);

/* Whether the array was found finished, so that writing again has no effect. */
bool zarr_vlen_plan_is_finished(const zarr_vlen_plan *plan);

/* The region of a part, which is counted from 0: its first element along each of rank dimensions, and the number of them. If
 * there are fewer chunks than parts and none is left for this one, they are all 0. */
bool zarr_vlen_plan_region(
    const zarr_vlen_plan *plan, int64_t part, int64_t *start, int64_t *count, size_t rank, zarr_vlen_error *error);

/* Says that a part is stored. */
bool zarr_vlen_plan_mark_done(
    const zarr_vlen_plan *plan, int64_t part, const zarr_vlen_monitor *monitor, zarr_vlen_error *error);

/* Takes a number. */
typedef void (*zarr_vlen_take_number)(void *context, int64_t number);

/* Lists the parts that are not stored yet, in order. */
bool zarr_vlen_plan_missing(
    const zarr_vlen_plan *plan, zarr_vlen_take_number take, void *context, const zarr_vlen_monitor *monitor,
    zarr_vlen_error *error);

/* Gives the array its shape, once all parts are stored; ZARR_VLEN_NOT_FOUND names those that are missing. It can be called
 * again, and by several processes at a time. */
bool zarr_vlen_plan_finish(const zarr_vlen_plan *plan, const zarr_vlen_monitor *monitor, zarr_vlen_error *error);

/* Frees a plan. NULL does nothing. */
void zarr_vlen_plan_free(zarr_vlen_plan *plan);

/* What the settings of an array are to be best at. */
enum zarr_vlen_goal {
  /* The fastest read of everything, the fastest write, the smallest result, the fastest read of single elements. */
  ZARR_VLEN_FOR_READ = 0,
  ZARR_VLEN_FOR_WRITE = 1,
  ZARR_VLEN_FOR_SIZE = 2,
  ZARR_VLEN_FOR_RANDOM = 3,
  /* All of these in their measure; use this if nothing matters most. */
  ZARR_VLEN_FOR_BALANCE = 4,
};

/* How fast the store is. */
enum zarr_vlen_store_speed {
  /* 1 GB/s, and 0.1 ms for each request. */
  ZARR_VLEN_DRIVE = 0,
  /* 100 MB/s, and 20 ms for each request. */
  ZARR_VLEN_NETWORK = 1,
  /* It costs no time. */
  ZARR_VLEN_MEMORY = 2,
};

/* Finds settings that suit elements, by trying chunk sizes, shards and compressors in memory for about a second.
 *
 * The columns have elements like those that will be stored, ideally some MiB. goal is one of enum zarr_vlen_goal, and
 * store_speed one of enum zarr_vlen_store_speed. shape has the elements along each dimension of the array, the first of
 * which may be 0 while it is not known. The document is the zarr.json of such an array, whose data type is bytes, or string
 * if are_text, and the optional type of either if a column has a validity. */
zarr_vlen_document *zarr_vlen_tune(
    const zarr_vlen_column *columns, size_t column_count, bool are_text, int32_t goal, int32_t store_speed,
    const int64_t *shape, size_t rank, zarr_vlen_error *error);

/* The text of a document, in UTF-8 without a NUL at the end, which is valid until the document is freed. */
zarr_vlen_bytes zarr_vlen_document_get(const zarr_vlen_document *document);

/* Frees a document. NULL does nothing. */
void zarr_vlen_document_free(zarr_vlen_document *document);

/* Gives memory back to the system that is kept for the next call. */
void zarr_vlen_release_memory(void);

/* Is the command zvlen: the main function of a program that does nothing else. Like the command, it takes signals, uses
 * the standard streams, and ends the process with its exit code. The first argument is the name of the program. */
#ifdef __cplusplus
[[noreturn]]
#else
_Noreturn
#endif
void zarr_vlen_main(int argc, char *const *argv);

#ifdef __cplusplus
}
#endif

#endif
