/* Variable-length elements in Zarr arrays: the codecs of chunks and shards, for any language that calls C.
 *
 * A program that knows Zarr hands over an array's metadata document once, and then parts of stored values: where a
 * chunk or a shard is, and which of its elements are meant. One call decodes or encodes many parts on all cores.
 * Values are files, or bytes that the caller has; which files, and what is not stored, is for the caller to say.
 *
 *     zarr_vlen_codecs *codecs = zarr_vlen_codecs_create(json, strlen(json), NULL, &error);
 *     zarr_vlen_read(codecs, parts, 2, show, context, missing, &error);
 *     zarr_vlen_codecs_free(codecs);
 *
 * All functions can be called from any number of threads at a time, and after a fork from the child. They block until
 * they are done, never print, and never end the process because of what is stored. Those that can fail return false
 * or NULL, and then describe the failure in *error unless that is NULL. */
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
  /* A function of the caller asked to stop. */
  ZARR_VLEN_STOPPED = 8,
};

/* A failure. */
typedef struct zarr_vlen_error {
  /* One of enum zarr_vlen_error_code. */
  int32_t code;
  /* The value of errno for ZARR_VLEN_SYSTEM, or 0. */
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

/* A part of a stored value. The memory that it points to stays as it is until the call returns. */
typedef struct zarr_vlen_part {
  /* The file that the value is in: an absolute path, without names that are . or .. or empty. NULL if it is in memory.
   */
  const char *path;
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

/* Settings; those that are 0 have their usual values. */
typedef struct zarr_vlen_settings {
  /* The most threads that a call uses; as many as there are cores by default. */
  int32_t thread_count;
  /* Whether values whose elements all equal the fill value are stored, too. */
  bool writes_empty_chunks;
  /* The most bytes that a chunk may decode to; 1 GiB by default. */
  uint64_t decoded_byte_limit;
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
 * or a byte 0. */
bool zarr_vlen_read(
    zarr_vlen_codecs *codecs, const zarr_vlen_part *parts, size_t part_count, zarr_vlen_show show, void *context,
    bool *missing, zarr_vlen_error *error);

/* Values that were encoded. */
typedef struct zarr_vlen_values zarr_vlen_values;

/* Encodes elements, and puts them into values.
 *
 * A value with a path is written beside its file, and takes its place when it is complete; if all its elements equal
 * the fill value, the file is removed. The other new values are returned. No two parts may be of one value. Keep other
 * writers of the same values away. If a part fails, others may have been written.
 *
 * are_text says that the elements are known to be valid UTF-8, so that they are not checked again. */
bool zarr_vlen_write(
    zarr_vlen_codecs *codecs, const zarr_vlen_part *parts, size_t part_count, const zarr_vlen_bytes *elements,
    size_t element_count, bool are_text, zarr_vlen_values **values, zarr_vlen_error *error);

/* A value that was encoded, by the number of its part; data is NULL if it need not be stored, or has a path. */
zarr_vlen_bytes zarr_vlen_values_get(const zarr_vlen_values *values, size_t part);

/* Frees what zarr_vlen_write has made. NULL does nothing. */
void zarr_vlen_values_free(zarr_vlen_values *values);

/* Gives memory back to the system that is kept for the next call. */
void zarr_vlen_release_memory(void);

#ifdef __cplusplus
}
#endif

#endif
