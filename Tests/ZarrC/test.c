/* Tests the C interface as a program in C uses it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "zarr_vlen.h"

static int failures = 0;

#define CHECK(condition)                                                     \
  do {                                                                       \
    if (!(condition)) {                                                      \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);        \
      failures++;                                                            \
    }                                                                        \
  } while (0)

static const char plain[] =
    "{\"zarr_format\":3,\"node_type\":\"array\",\"shape\":[6],\"data_type\":\"string\",\"chunk_grid\":{\"name\":"
    "\"regular\",\"configuration\":{\"chunk_shape\":[6]}},\"chunk_key_encoding\":{\"name\":\"default\"},"
    "\"fill_value\":\"\",\"codecs\":[{\"name\":\"vlen-utf8\"},{\"name\":\"zstd\",\"configuration\":{\"level\":1}}]}";

static const char sharded[] =
    "{\"zarr_format\":3,\"node_type\":\"array\",\"shape\":[6],\"data_type\":\"bytes\",\"chunk_grid\":{\"name\":"
    "\"regular\",\"configuration\":{\"chunk_shape\":[6]}},\"chunk_key_encoding\":{\"name\":\"default\"},"
    "\"fill_value\":\"\",\"codecs\":[{\"name\":\"sharding_indexed\",\"configuration\":{\"chunk_shape\":[2],\"codecs\":"
    "[{\"name\":\"vlen-bytes\"}],\"index_codecs\":[{\"name\":\"bytes\",\"configuration\":{\"endian\":\"little\"}},"
    "{\"name\":\"crc32c\"}]}}]}";

static const int64_t six[] = {6}, zero[] = {0}, one[] = {1};

/* Elements that were shown, with a bar after each; those of several parts one after the other. */
typedef struct {
  char text[4][256];
  int calls, most;
} Seen;

static bool remember(void *context, const zarr_vlen_elements *shown) {
  Seen *seen = context;
  if (++seen->calls > seen->most) return false;
  char *text = seen->text[shown->part];
  for (size_t i = 0; i < shown->element_count; i++) {
    strncat(text, shown->elements[i].data, shown->elements[i].byte_count);
    strcat(text, "|");
  }
  return true;
}

static zarr_vlen_bytes text(const char *data) { return (zarr_vlen_bytes){data, strlen(data)}; }

static zarr_vlen_codecs *codecs(const char *metadata) {
  zarr_vlen_error error;
  zarr_vlen_codecs *made = zarr_vlen_codecs_create(metadata, strlen(metadata), NULL, &error);
  if (!made) fprintf(stderr, "%s\n", error.message);
  CHECK(made);
  return made;
}

static void values_come_back(const char *metadata) {
  zarr_vlen_codecs *made = codecs(metadata);
  zarr_vlen_bytes elements[] = {text("a"), text("bb"), text(""), text("d"), text("ee"), text("fff")};
  zarr_vlen_part part = {
      .shape = six, .start = zero, .count = six, .strides = one, .first_element = 0, .replaces_value = true};
  zarr_vlen_values *values;
  zarr_vlen_error error;
  CHECK(zarr_vlen_write(made, &part, 1, elements, 6, false, &values, NULL, &error));
  zarr_vlen_bytes value = zarr_vlen_values_get(values, 0);
  CHECK(value.data && value.byte_count > 0);
  CHECK(!zarr_vlen_values_get(values, 1).data);

  /* All of it, a value that is missing, and a part of it. */
  const int64_t third[] = {3}, two[] = {2};
  zarr_vlen_part parts[] = {
      {.value = value, .shape = six, .start = zero, .count = six},
      {.shape = six, .start = zero, .count = six},
      {.value = value, .shape = six, .start = third, .count = two},
  };
  bool missing[3];
  Seen seen = {.most = 100};
  CHECK(zarr_vlen_read(made, parts, 3, remember, &seen, missing, NULL, &error));
  CHECK(!missing[0] && missing[1] && !missing[2]);
  CHECK(strcmp(seen.text[0], "a|bb||d|ee|fff|") == 0);
  CHECK(strcmp(seen.text[2], "d|ee|") == 0);

  /* A caller may stop. */
  Seen stopping = {.most = 0};
  CHECK(!zarr_vlen_read(made, parts, 3, remember, &stopping, missing, NULL, &error));
  CHECK(error.code == ZARR_VLEN_STOPPED);

  /* The rest of the value is kept, unless it is said that it is replaced. */
  zarr_vlen_bytes other = text("new");
  zarr_vlen_part change = {.value = value, .shape = six, .start = third, .count = one, .strides = one};
  for (int replaces = 0; replaces < 2; replaces++) {
    zarr_vlen_values *changed;
    change.replaces_value = replaces;
    CHECK(zarr_vlen_write(made, &change, 1, &other, 1, false, &changed, NULL, &error));
    zarr_vlen_part all = {.value = zarr_vlen_values_get(changed, 0), .shape = six, .start = zero, .count = six};
    Seen after = {.most = 100};
    CHECK(zarr_vlen_read(made, &all, 1, remember, &after, NULL, NULL, &error));
    CHECK(strcmp(after.text[0], replaces ? "|||new|||" : "a|bb||new|ee|fff|") == 0);
    zarr_vlen_values_free(changed);
  }

  /* A child of a fork reads, too. */
  pid_t child = fork();
  if (child == 0) {
    Seen there = {.most = 100};
    alarm(20);
    _exit(!zarr_vlen_read(made, parts, 3, remember, &there, missing, NULL, NULL) || strcmp(there.text[2], "d|ee|") != 0);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child && status == 0);

  /* Damage is an error that names the part. */
  char *damaged = malloc(value.byte_count);
  memcpy(damaged, value.data, value.byte_count);
  damaged[value.byte_count - 1] ^= 0x40;
  parts[0].value.data = damaged;
  parts[0].value.byte_count = value.byte_count / 2;
  CHECK(!zarr_vlen_read(made, parts, 1, remember, &seen, missing, NULL, &error));
  CHECK(error.code == ZARR_VLEN_DAMAGED && error.part == 0 && strlen(error.message) > 0);
  free(damaged);

  /* Elements that equal the fill value need no value. */
  zarr_vlen_bytes empty[6] = {{NULL, 0}};
  zarr_vlen_values *nothing;
  CHECK(zarr_vlen_write(made, &part, 1, empty, 6, false, &nothing, NULL, &error));
  CHECK(!zarr_vlen_values_get(nothing, 0).data);
  zarr_vlen_values_free(nothing);
  zarr_vlen_values_free(values);
  zarr_vlen_codecs_free(made);
}

static void files_are_written(const char *folder) {
  zarr_vlen_codecs *made = codecs(plain);
  char path[512];
  snprintf(path, sizeof path, "%s/deep/er/0", folder);
  zarr_vlen_bytes element = text("x");
  const int64_t none[] = {0};
  zarr_vlen_part part = {
      .path = path, .shape = six, .start = zero, .count = six, .strides = none, .replaces_value = true};
  zarr_vlen_error error;
  bool missing[1];
  CHECK(zarr_vlen_write(made, &part, 1, &element, 1, false, NULL, NULL, &error));
  Seen seen = {.most = 100};
  CHECK(zarr_vlen_read(made, &part, 1, remember, &seen, missing, NULL, &error) && !missing[0]);
  CHECK(strcmp(seen.text[0], "x|x|x|x|x|x|") == 0);
  element.byte_count = 0;
  CHECK(zarr_vlen_write(made, &part, 1, &element, 1, false, NULL, NULL, &error));
  CHECK(access(path, F_OK) != 0);
  CHECK(zarr_vlen_read(made, &part, 1, remember, &seen, missing, NULL, &error) && missing[0]);
  snprintf(path, sizeof path, "%s", folder);
  element.byte_count = 1;
  CHECK(!zarr_vlen_write(made, &part, 1, &element, 1, false, NULL, NULL, &error));
  CHECK(error.code == ZARR_VLEN_SYSTEM && error.system_code != 0);
  zarr_vlen_codecs_free(made);
}

/* Appends the elements of a batch to text, with a bar after each, and frees it. */
static void show_batch(zarr_vlen_batch *batch, char *text) {
  CHECK(batch);
  zarr_vlen_column column = zarr_vlen_batch_get(batch);
  CHECK(column.layout == ZARR_VLEN_OFFSETS_64 && !column.validity && !column.absent_count);
  const int64_t *offsets = column.places;
  for (size_t i = 0; i < column.count; i++) {
    strncat(text, (const char *)column.data + offsets[i], (size_t)(offsets[i + 1] - offsets[i]));
    strcat(text, "|");
  }
  zarr_vlen_batch_free(batch);
}

static void arrays_grow(const char *folder) {
  char path[512], document[sizeof plain];
  zarr_vlen_error error;
  snprintf(path, sizeof path, "%s/zarr.json", folder);
  CHECK(!zarr_vlen_array_open(folder, "", NULL, &error) && error.code == ZARR_VLEN_NOT_FOUND);
  memcpy(document, plain, sizeof plain);
  memcpy(strstr(document, "\"shape\":[6]"), "\"shape\":[0]", 11);
  FILE *file = fopen(path, "w");
  CHECK(file && fputs(document, file) >= 0 && fclose(file) == 0);

  zarr_vlen_monitor *monitor = zarr_vlen_monitor_create();
  zarr_vlen_array *array = zarr_vlen_array_open(folder, "", NULL, &error);
  zarr_vlen_appender *appender = zarr_vlen_appender_create(array, 0, monitor, &error);
  CHECK(array && appender);
  zarr_vlen_bytes elements[] = {text("a"), text("bb"), text("")};
  zarr_vlen_column column = {.count = 3, .layout = ZARR_VLEN_POINTERS, .places = elements};
  CHECK(zarr_vlen_appender_append(appender, &column, &error));
  const int32_t offsets[] = {1, 3, 4};
  column = (zarr_vlen_column){
      .count = 2, .layout = ZARR_VLEN_OFFSETS_32, .places = offsets, .data = (const uint8_t *)"xccd"};
  for (int i = 0; i < 3; i++) CHECK(zarr_vlen_appender_append(appender, &column, &error));
  CHECK(zarr_vlen_appender_checkpoint(appender, &error));
  CHECK(zarr_vlen_appender_count(appender) == 9);
  CHECK(zarr_vlen_monitor_progress(monitor).element_count == 9);

  /* What is after a checkpoint is dropped. */
  CHECK(zarr_vlen_appender_append(appender, &column, &error));
  zarr_vlen_appender_free(appender);
  zarr_vlen_array_free(array);
  array = zarr_vlen_array_open(folder, "", NULL, &error);
  char all[256] = "", some[256] = "", rest[256] = "";
  show_batch(zarr_vlen_array_read(array, NULL, NULL, 0, NULL, &error), all);
  CHECK(strcmp(all, "a|bb||cc|d|cc|d|cc|d|") == 0);
  const int64_t two[] = {2}, three[] = {3}, twenty[] = {20};
  show_batch(zarr_vlen_array_read(array, two, three, 1, monitor, &error), some);
  CHECK(strcmp(some, "|cc|d|") == 0);
  CHECK(!zarr_vlen_array_read(array, two, twenty, 1, NULL, &error) && error.code == ZARR_VLEN_INVALID_ARGUMENT);
  CHECK(!zarr_vlen_array_read(NULL, NULL, NULL, 0, NULL, &error) && error.code == ZARR_VLEN_INVALID_ARGUMENT);

  zarr_vlen_reader *reader = zarr_vlen_reader_create(array, 1, -1, monitor, &error);
  zarr_vlen_batch *batch;
  while (zarr_vlen_reader_next(reader, &batch, &error) && batch) show_batch(batch, rest);
  CHECK(!batch && error.code == ZARR_VLEN_NO_ERROR && strcmp(rest, "bb||cc|d|cc|d|cc|d|") == 0);
  zarr_vlen_reader_free(reader);

  /* Places in any order, from the end too, and batches in random order that have each element once. */
  const int64_t places[] = {8, 1, 1, -9}, outside[] = {0, 9}, before[] = {-10};
  char taken[256] = "";
  show_batch(zarr_vlen_array_take(array, places, 4, 1, monitor, &error), taken);
  CHECK(strcmp(taken, "d|bb|bb|a|") == 0);
  CHECK(!zarr_vlen_array_take(array, outside, 2, 1, NULL, &error) && error.code == ZARR_VLEN_INVALID_ARGUMENT);
  CHECK(strstr(error.message, "index 9, at position 1"));
  CHECK(!zarr_vlen_array_take(array, before, 1, 1, NULL, &error) && error.code == ZARR_VLEN_INVALID_ARGUMENT);
  CHECK(!zarr_vlen_array_take(array, places, 2, 2, NULL, &error) && error.code == ZARR_VLEN_INVALID_ARGUMENT);
  zarr_vlen_sampling sampling = {.batch_size = 4, .seed = 1, .part_count = 1};
  zarr_vlen_sampler *sampler = zarr_vlen_sampler_create(array, &sampling, monitor, &error);
  CHECK(sampler && zarr_vlen_sampler_count(sampler) == 9);
  const int64_t *indices;
  int64_t sum = 0;
  size_t count = 0;
  while (zarr_vlen_sampler_next(sampler, &batch, &indices, &error) && batch) {
    size_t batch_count = zarr_vlen_batch_get(batch).count;
    CHECK(batch_count == 4 || batch_count == 1);
    for (size_t i = 0; i < batch_count; i++) sum += indices[i];
    count += batch_count;
    zarr_vlen_batch_free(batch);
  }
  CHECK(!batch && error.code == ZARR_VLEN_NO_ERROR && count == 9 && sum == 36);
  zarr_vlen_sampler_free(sampler);
  sampling.batch_size = 0;
  CHECK(!zarr_vlen_sampler_create(array, &sampling, NULL, &error) && error.code == ZARR_VLEN_INVALID_ARGUMENT);
  zarr_vlen_sampler_free(NULL);

  /* Offsets, absence and cancellation are errors. */
  appender = zarr_vlen_appender_create(array, 0, monitor, &error);
  const int32_t wrong[] = {3, 1, 4};
  column.places = wrong;
  CHECK(!zarr_vlen_appender_append(appender, &column, &error));
  const uint8_t validity[] = {1};
  column.places = offsets;
  column.validity = validity;
  CHECK(!zarr_vlen_appender_append(appender, &column, &error) && error.code == ZARR_VLEN_INVALID_ARGUMENT);
  zarr_vlen_appender_free(appender);
  zarr_vlen_monitor_cancel(monitor);
  CHECK(!zarr_vlen_array_read(array, NULL, NULL, 0, monitor, &error) && error.code == ZARR_VLEN_STOPPED);
  zarr_vlen_array_free(array);
  zarr_vlen_monitor_free(monitor);
  zarr_vlen_array_free(NULL);
  zarr_vlen_batch_free(NULL);
  zarr_vlen_reader_free(NULL);
  zarr_vlen_appender_free(NULL);
  zarr_vlen_monitor_free(NULL);
}

/* Appends elements to a segment, and returns its message. */
static zarr_vlen_document *segment(const zarr_vlen_array *array, zarr_vlen_bytes *elements, size_t count) {
  zarr_vlen_error error;
  zarr_vlen_appender *appender = zarr_vlen_segment_create(array, 0, 0, NULL, &error);
  zarr_vlen_column column = {.count = count, .layout = ZARR_VLEN_POINTERS, .places = elements};
  CHECK(appender && zarr_vlen_appender_append(appender, &column, &error));
  CHECK(!zarr_vlen_appender_checkpoint(appender, &error) && error.code == ZARR_VLEN_INVALID_ARGUMENT);
  zarr_vlen_document *message = zarr_vlen_segment_finish(appender, &error);
  CHECK(message);
  CHECK(!zarr_vlen_appender_append(appender, &column, &error) && error.code == ZARR_VLEN_INVALID_ARGUMENT);
  CHECK(!zarr_vlen_segment_finish(appender, &error) && error.code == ZARR_VLEN_INVALID_ARGUMENT);
  zarr_vlen_appender_free(appender);
  return message;
}

/* Makes an array from a document, and returns its directory. */
static const char *store_document(const char *folder, const char *name, const char *document) {
  static char path[512];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  CHECK(mkdir(path, 0777) == 0);
  snprintf(path, sizeof path, "%s/%s/zarr.json", folder, name);
  FILE *file = fopen(path, "w");
  CHECK(file && fputs(document, file) >= 0 && fclose(file) == 0);
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

static void segments_are_committed(const char *folder) {
  static const char uneven[] =
      "{\"zarr_format\":3,\"node_type\":\"array\",\"shape\":[0],\"data_type\":\"string\",\"chunk_grid\":{\"name\":"
      "\"rectilinear\",\"configuration\":{\"kind\":\"inline\",\"chunk_shapes\":[[1]]}},\"chunk_key_encoding\":"
      "{\"name\":\"default\"},\"fill_value\":\"\",\"codecs\":[{\"name\":\"vlen-utf8\"}]}";
  const char *path = store_document(folder, "segments", uneven);
  zarr_vlen_error error;
  zarr_vlen_array *array = zarr_vlen_array_open(path, "", NULL, &error);
  CHECK(array);
  zarr_vlen_bytes elements[] = {text("a"), text("bb"), text("ccc")};
  zarr_vlen_document *first = segment(array, elements, 1), *second = segment(array, elements + 1, 2);
  zarr_vlen_document *unused = segment(array, elements, 3);
  zarr_vlen_appender *dropped = zarr_vlen_segment_create(array, 0, 0, NULL, &error);
  zarr_vlen_appender_free(dropped);

  /* The order is that of the messages, and again is as once. */
  zarr_vlen_bytes messages[] = {zarr_vlen_document_get(second), zarr_vlen_document_get(first)};
  for (int i = 0; i < 2; i++) {
    int64_t row = -1, count = -1;
    CHECK(zarr_vlen_array_commit(array, messages, 2, 10, &row, &count, NULL, &error));
    CHECK(row == 0 && count == 3);
  }
  CHECK(!zarr_vlen_array_commit(array, messages, 1, 10, NULL, NULL, NULL, &error));
  CHECK(error.code == ZARR_VLEN_NOT_FOUND);
  messages[0] = text("{}");
  CHECK(!zarr_vlen_array_commit(array, messages, 1, 10, NULL, NULL, NULL, &error));
  CHECK(error.code == ZARR_VLEN_INVALID_METADATA);
  CHECK(!zarr_vlen_array_commit(array, messages, 0, -1, NULL, NULL, NULL, &error));
  CHECK(error.code == ZARR_VLEN_INVALID_ARGUMENT);
  zarr_vlen_array_free(array);
  array = zarr_vlen_array_open(path, "", NULL, &error);
  char all[256] = "";
  show_batch(zarr_vlen_array_read(array, NULL, NULL, 0, NULL, &error), all);
  CHECK(strcmp(all, "bb|ccc|a|") == 0);

  /* What is left of the segment that nobody committed, and of the commit. */
  CHECK(!zarr_vlen_array_collect(array, -1, false, NULL, &error) && error.code == ZARR_VLEN_INVALID_ARGUMENT);
  const char *kinds[] = {"\"kind\":\"segment\"", "\"kind\":\"commit\"", "\"byte_count\":", "\"beginning\":"};
  for (int removes = 0; removes < 2; removes++) {
    zarr_vlen_document *left = zarr_vlen_array_collect(array, 0, removes, NULL, &error);
    CHECK(left);
    zarr_vlen_bytes listed = zarr_vlen_document_get(left);
    char list[1024] = "";
    CHECK(listed.byte_count < sizeof list);
    memcpy(list, listed.data, listed.byte_count);
    for (int i = 0; i < 4; i++) CHECK(strstr(list, kinds[i]));
    zarr_vlen_document_free(left);
  }
  for (int age = 0; age < 2; age++) {
    zarr_vlen_document *left = zarr_vlen_array_collect(array, age * 1000, false, NULL, &error);
    CHECK(left && zarr_vlen_document_get(left).byte_count == 2);
    zarr_vlen_document_free(left);
  }
  zarr_vlen_array_free(array);
  zarr_vlen_document_free(first);
  zarr_vlen_document_free(second);
  zarr_vlen_document_free(unused);
}

/* What elements of a data type of the caller mean is for the caller to know. */
static void data_types_of_the_caller_are_bytes(const char *folder) {
  static const char document[] =
      "{\"zarr_format\":3,\"node_type\":\"array\",\"shape\":[0],\"data_type\":{\"name\":\"example.point\","
      "\"configuration\":{\"axes\":[\"x\",\"y\"]}},\"chunk_grid\":{\"name\":\"rectilinear\",\"configuration\":{\"kind\":"
      "\"inline\",\"chunk_shapes\":[[1]]}},\"chunk_key_encoding\":{\"name\":\"default\"},\"fill_value\":null,"
      "\"codecs\":[{\"name\":\"vlen-bytes\"}]}";
  const char *path = store_document(folder, "own", document);
  zarr_vlen_error error;
  CHECK(!zarr_vlen_array_open(path, "", NULL, &error) && error.code == ZARR_VLEN_UNSUPPORTED);
  CHECK(!zarr_vlen_register_data_type(NULL, &error) && error.code == ZARR_VLEN_INVALID_ARGUMENT);
  CHECK(!zarr_vlen_register_data_type("", &error) && error.code == ZARR_VLEN_INVALID_ARGUMENT);
  for (int i = 0; i < 2; i++) CHECK(zarr_vlen_register_data_type("example.point", &error));
  zarr_vlen_array *array = zarr_vlen_array_open(path, "", NULL, &error);
  CHECK(array);
  zarr_vlen_bytes elements[] = {text("1,2"), text(""), text("\xff")};
  zarr_vlen_document *made = segment(array, elements, 3);
  zarr_vlen_bytes message = zarr_vlen_document_get(made);
  CHECK(zarr_vlen_array_commit(array, &message, 1, 10, NULL, NULL, NULL, &error));
  zarr_vlen_document_free(made);
  zarr_vlen_array_free(array);
  array = zarr_vlen_array_open(path, "", NULL, &error);
  char all[256] = "";
  show_batch(zarr_vlen_array_read(array, NULL, NULL, 0, NULL, &error), all);
  CHECK(strcmp(all, "1,2||\xff|") == 0);
  zarr_vlen_array_free(array);

  /* The document keeps what the library does not understand. */
  char file[600], stored[1024] = "";
  snprintf(file, sizeof file, "%s/zarr.json", path);
  FILE *opened = fopen(file, "r");
  CHECK(opened && fread(stored, 1, sizeof stored - 1, opened) > 0 && fclose(opened) == 0);
  CHECK(strstr(stored, "\"example.point\"") && strstr(stored, "\"axes\"") && strstr(stored, "null"));
}

static void count_number(void *context, int64_t number) { *(int64_t *)context = *(int64_t *)context * 10 + number + 1; }

static void parts_are_planned(const char *folder) {
  char path[512];
  snprintf(path, sizeof path, "%s/planned", folder);
  zarr_vlen_error error;
  zarr_vlen_opened_store *store = zarr_vlen_store_open(path, true, NULL, 0, NULL, NULL, &error);
  CHECK(store);
  char document[sizeof plain];
  memcpy(document, plain, sizeof plain);
  memcpy(strstr(document, "\"chunk_shape\":[6]"), "\"chunk_shape\":[2]", 17);
  zarr_vlen_plan *plan = zarr_vlen_plan_create(store, "", document, strlen(document), 2, NULL, &error);
  CHECK(plan && !zarr_vlen_plan_is_finished(plan));
  CHECK(!zarr_vlen_plan_create(store, "", document, strlen(document), 3, NULL, &error));
  CHECK(error.code == ZARR_VLEN_UNSUPPORTED);
  CHECK(!zarr_vlen_plan_create(store, "", document, strlen(document), 0, NULL, &error));
  CHECK(error.code == ZARR_VLEN_INVALID_ARGUMENT);
  int64_t start, count, total = 0, missing = 0;
  for (int part = 0; part < 2; part++) {
    CHECK(zarr_vlen_plan_region(plan, part, &start, &count, 1, &error) && start == total && count % 2 == 0);
    total += count;
  }
  CHECK(total == 6 && !zarr_vlen_plan_region(plan, 2, &start, &count, 1, &error));
  CHECK(zarr_vlen_plan_mark_done(plan, 0, NULL, &error));
  CHECK(zarr_vlen_plan_missing(plan, count_number, &missing, NULL, &error) && missing == 2);
  CHECK(!zarr_vlen_plan_finish(plan, NULL, &error) && error.code == ZARR_VLEN_NOT_FOUND);
  CHECK(zarr_vlen_plan_mark_done(plan, 1, NULL, &error) && zarr_vlen_plan_finish(plan, NULL, &error));
  zarr_vlen_plan_free(plan);
  zarr_vlen_plan_free(NULL);
  zarr_vlen_array *array = zarr_vlen_array_open_at(store, "", NULL, NULL, &error);
  char all[256] = "";
  show_batch(zarr_vlen_array_read(array, NULL, NULL, 0, NULL, &error), all);
  CHECK(strcmp(all, "||||||") == 0);
  zarr_vlen_array_free(array);
  zarr_vlen_store_free(store);
}

/* A store of a few values in memory. */
typedef struct {
  struct {
    char key[32];
    char *data;
    size_t byte_count;
  } values[16];
  int value_count;
  _Atomic int release_count;
  bool fails;
} Values;

static int find(Values *values, const char *key) {
  int i = 0;
  while (i < values->value_count && strcmp(values->values[i].key, key) != 0) i++;
  return i;
}

static bool read_value(void *context, const char *key, int64_t first, int64_t count, zarr_vlen_sink *sink) {
  Values *values = context;
  if (values->fails) return false;
  int i = find(values, key);
  if (i == values->value_count) return true;
  int64_t size = (int64_t)values->values[i].byte_count;
  if (first < 0) first = size > count ? size - count : 0;
  if (first > size) first = size;
  if (count < 0 || count > size - first) count = size - first;
  zarr_vlen_sink_value(sink, (uint64_t)size, values->values[i].data + first, (size_t)count);
  return true;
}

static bool write_value(void *context, const char *key, const void *data, size_t byte_count) {
  Values *values = context;
  int i = find(values, key);
  if (values->fails || i == 16) return false;
  if (i == values->value_count) values->value_count++;
  else free(values->values[i].data);
  snprintf(values->values[i].key, sizeof values->values[i].key, "%s", key);
  values->values[i].byte_count = byte_count;
  values->values[i].data = malloc(byte_count + 1);
  memcpy(values->values[i].data, data, byte_count);
  return true;
}

static bool remove_value(void *context, const char *key) {
  Values *values = context;
  int i = find(values, key);
  if (i == values->value_count) return true;
  free(values->values[i].data);
  values->values[i] = values->values[--values->value_count];
  return true;
}

static bool list_keys(void *context, const char *prefix, zarr_vlen_sink *sink) {
  Values *values = context;
  size_t length = strlen(prefix);
  for (int i = 0; i < values->value_count; i++)
    if (length == 0 || (strncmp(values->values[i].key, prefix, length) == 0 && values->values[i].key[length] == '/'))
      zarr_vlen_sink_key(sink, values->values[i].key);
  return true;
}

static void release_values(void *context) { ((Values *)context)->release_count++; }

static void stores_of_the_caller(const char *document) {
  static Values values;
  memset(&values, 0, sizeof values);
  zarr_vlen_error error;
  zarr_vlen_store store = {
      .context = &values, .location = "here", .read = read_value, .write = write_value, .remove = remove_value,
      .list = list_keys, .release = release_values};
  CHECK(!zarr_vlen_array_open_in(&store, "", NULL, &error) && error.code == ZARR_VLEN_NOT_FOUND);
  CHECK(values.release_count == 1);
  char *empty = strdup(document);
  memcpy(strstr(empty, "\"shape\":[6]"), "\"shape\":[0]", 11);
  write_value(&values, "zarr.json", empty, strlen(empty));
  free(empty);

  /* One thread at a time, since the store has no lock. */
  zarr_vlen_settings settings = {.thread_count = 1};
  zarr_vlen_array *array = zarr_vlen_array_open_in(&store, "", &settings, &error);
  CHECK(array);
  zarr_vlen_appender *appender = zarr_vlen_appender_create(array, 0, NULL, &error);
  zarr_vlen_bytes elements[] = {text("a"), text("bb"), text(""), text("cc"), text("d"), text("e"), text("ff")};
  zarr_vlen_column column = {.count = 7, .layout = ZARR_VLEN_POINTERS, .places = elements};
  CHECK(zarr_vlen_appender_append(appender, &column, &error));
  CHECK(zarr_vlen_appender_checkpoint(appender, &error));
  zarr_vlen_appender_free(appender);
  /* The metadata and two chunks. */
  CHECK(values.value_count == 3);
  char all[256] = "", some[256] = "";
  show_batch(zarr_vlen_array_read(array, NULL, NULL, 0, NULL, &error), all);
  CHECK(strcmp(all, "a|bb||cc|d|e|ff|") == 0);
  const int64_t three[] = {3}, two[] = {2};
  show_batch(zarr_vlen_array_read(array, three, two, 1, NULL, &error), some);
  CHECK(strcmp(some, "cc|d|") == 0);

  values.fails = true;
  CHECK(!zarr_vlen_array_read(array, NULL, NULL, 0, NULL, &error) && error.code == ZARR_VLEN_STOPPED);
  zarr_vlen_array_free(array);
  /* Threads that have worked on it end by themselves. */
  for (int i = 0; i < 1000 && values.release_count < 2; i++) nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
  CHECK(values.release_count == 2);
  store.list = NULL;
  CHECK(!zarr_vlen_array_open_in(&store, "", NULL, &error) && error.code == ZARR_VLEN_INVALID_ARGUMENT);
  CHECK(!zarr_vlen_array_open_in(NULL, "", NULL, &error) && error.code == ZARR_VLEN_INVALID_ARGUMENT);
  while (values.value_count) remove_value(&values, values.values[0].key);
}

static void settings_are_found(void) {
  zarr_vlen_error error;
  enum { count = 4000 };
  static char data[count * 40];
  static int32_t offsets[count + 1];
  for (int i = 0; i < count; i++) {
    offsets[i + 1] = offsets[i] + snprintf(data + offsets[i], 40, "line %d of a log, with words", i);
  }
  zarr_vlen_column columns[] = {
      {.count = count / 2, .layout = ZARR_VLEN_OFFSETS_32, .places = offsets, .data = (const uint8_t *)data},
      {.count = count / 2, .layout = ZARR_VLEN_OFFSETS_32, .places = offsets + count / 2,
       .data = (const uint8_t *)data}};
  zarr_vlen_document *document =
      zarr_vlen_tune(columns, 2, true, ZARR_VLEN_FOR_SIZE, ZARR_VLEN_NETWORK, zero, 1, &error);
  CHECK(document);
  zarr_vlen_bytes found = zarr_vlen_document_get(document);
  /* What is found is metadata of an array. */
  zarr_vlen_codecs *made = zarr_vlen_codecs_create(found.data, found.byte_count, NULL, &error);
  CHECK(made);
  zarr_vlen_codecs_free(made);
  char *copy = calloc(found.byte_count + 1, 1);
  memcpy(copy, found.data, found.byte_count);
  /* Text that repeats is smallest with a compressor. */
  CHECK(strstr(copy, "\"string\"") && strstr(copy, "\"zstd\""));
  free(copy);
  zarr_vlen_document_free(document);

  const uint8_t validity[count / 16] = {1};
  columns[1].validity = validity;
  document = zarr_vlen_tune(columns, 2, false, ZARR_VLEN_FOR_RANDOM, ZARR_VLEN_DRIVE, zero, 1, &error);
  CHECK(document);
  zarr_vlen_document_free(document);

  /* No elements have settings, too. */
  document = zarr_vlen_tune(NULL, 0, false, ZARR_VLEN_FOR_READ, ZARR_VLEN_MEMORY, zero, 1, &error);
  CHECK(document);
  zarr_vlen_document_free(document);
  CHECK(!zarr_vlen_tune(NULL, 0, false, 5, ZARR_VLEN_DRIVE, zero, 1, &error));
  CHECK(error.code == ZARR_VLEN_INVALID_ARGUMENT);
  CHECK(!zarr_vlen_tune(NULL, 0, false, ZARR_VLEN_FOR_READ, 3, zero, 1, &error));
  CHECK(!zarr_vlen_tune(NULL, 0, false, ZARR_VLEN_FOR_READ, ZARR_VLEN_DRIVE, NULL, 1, &error));
  const int64_t minus[] = {-1};
  CHECK(!zarr_vlen_tune(NULL, 0, false, ZARR_VLEN_FOR_READ, ZARR_VLEN_DRIVE, minus, 1, &error));
  zarr_vlen_document_free(NULL);
}

static void arguments_are_checked(void) {
  zarr_vlen_error error;
  CHECK(!zarr_vlen_codecs_create("{", 1, NULL, &error) && error.code == ZARR_VLEN_INVALID_METADATA);
  CHECK(!zarr_vlen_codecs_create(NULL, 0, NULL, NULL));
  char unknown[sizeof plain];
  memcpy(unknown, plain, sizeof plain);
  memcpy(strstr(unknown, "zstd"), "none", 4);
  CHECK(!zarr_vlen_codecs_create(unknown, strlen(unknown), NULL, &error) && error.code == ZARR_VLEN_UNSUPPORTED);

  zarr_vlen_codecs *made = codecs(plain);
  Seen seen = {.most = 100};
  const int64_t seven[] = {7}, minus[] = {-1};
  zarr_vlen_part parts[] = {
      {.shape = six, .start = zero, .count = seven},
      {.shape = six, .start = minus, .count = six},
      {.shape = six, .start = zero, .count = zero},
      {.path = "relative", .shape = six, .start = zero, .count = six},
      {.path = "/a/../b", .shape = six, .start = zero, .count = six},
  };
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    CHECK(!zarr_vlen_read(made, &parts[i], 1, remember, &seen, NULL, NULL, &error));
    CHECK(error.code == ZARR_VLEN_INVALID_ARGUMENT && error.part == 0);
  }
  zarr_vlen_bytes element = text("x");
  zarr_vlen_part part = {.shape = six, .start = zero, .count = six, .strides = one, .replaces_value = true};
  CHECK(!zarr_vlen_write(made, &part, 1, &element, 1, false, NULL, NULL, &error));
  CHECK(error.code == ZARR_VLEN_INVALID_ARGUMENT);
  CHECK(!zarr_vlen_read(NULL, &part, 1, remember, &seen, NULL, NULL, &error));
  CHECK(zarr_vlen_read(made, NULL, 0, remember, &seen, NULL, NULL, &error));

  /* Text is checked. */
  const int64_t none[] = {0};
  part.strides = none;
  element = (zarr_vlen_bytes){"\xff", 1};
  CHECK(!zarr_vlen_write(made, &part, 1, &element, 1, false, NULL, NULL, &error));
  CHECK(error.code == ZARR_VLEN_INVALID_ELEMENT);
  zarr_vlen_codecs_free(made);
  zarr_vlen_codecs_free(NULL);
  zarr_vlen_values_free(NULL);
  zarr_vlen_release_memory();
}

static void join_names(void *context, const char *name) {
  strcat(context, name);
  strcat(context, "|");
}

static bool value_is(const zarr_vlen_opened_store *store, const char *key, int64_t first, int64_t count, const char *expected) {
  zarr_vlen_error error;
  zarr_vlen_value *value;
  if (!zarr_vlen_store_get(store, key, first, count, &value, NULL, &error)) return false;
  zarr_vlen_bytes bytes = zarr_vlen_value_get(value);
  bool is_expected = value && bytes.byte_count == strlen(expected) && !memcmp(bytes.data, expected, bytes.byte_count);
  zarr_vlen_value_free(value);
  return is_expected;
}

static void stores_have_urls(const char *folder) {
  zarr_vlen_error error;
  char url[512], names[512] = "";
  snprintf(url, sizeof url, "file://%s/values", folder);
  CHECK(!zarr_vlen_store_open(url, false, NULL, 0, NULL, NULL, &error));
  CHECK(error.code == ZARR_VLEN_SYSTEM && error.system_code == ENOENT);
  zarr_vlen_opened_store *store = zarr_vlen_store_open(url, true, NULL, 0, NULL, NULL, &error);
  CHECK(store && zarr_vlen_store_describe(store).is_listable && !zarr_vlen_store_describe(store).has_to_be_finished);
  CHECK(strstr(zarr_vlen_store_describe(store).location, "/values"));
  CHECK(zarr_vlen_store_set(store, "a/b", "hello", 5, NULL, &error));
  CHECK(zarr_vlen_store_set(store, "c", "", 0, NULL, &error));
  CHECK(zarr_vlen_store_set_if_absent(store, "a/b", "again", 5, NULL, &error));
  CHECK(zarr_vlen_store_set_if_absent(store, "a/d", "first", 5, NULL, &error));
  CHECK(value_is(store, "a/b", 0, -1, "hello") && value_is(store, "a/d", 0, -1, "first") && value_is(store, "c", 0, -1, ""));
  CHECK(value_is(store, "a/b", 1, 3, "ell") && value_is(store, "a/b", 2, -1, "llo") && value_is(store, "a/b", -1, 2, "lo"));
  CHECK(value_is(store, "a/b", 3, 100, "lo") && value_is(store, "a/b", 9, 2, "") && value_is(store, "a/b", -1, 100, "hello"));
  zarr_vlen_value *value;
  CHECK(zarr_vlen_store_get(store, "a/b", 0, 0, &value, NULL, &error) && zarr_vlen_value_size(value) == 5);
  zarr_vlen_value_free(value);
  CHECK(zarr_vlen_store_get(store, "missing", 0, -1, &value, NULL, &error) && !value);
  CHECK(!zarr_vlen_store_get(store, "a/../b", 0, -1, &value, NULL, &error) && error.code == ZARR_VLEN_INVALID_ARGUMENT);
  CHECK(!zarr_vlen_store_get(store, "a/b", -2, 1, &value, NULL, &error) && error.code == ZARR_VLEN_INVALID_ARGUMENT);
  CHECK(zarr_vlen_store_list(store, "", join_names, names, NULL, &error));
  CHECK(strlen(names) == 10 && strstr(names, "a/b|") && strstr(names, "a/d|") && strstr(names, "c|"));
  names[0] = 0;
  CHECK(zarr_vlen_store_list_directory(store, "", join_names, names, NULL, &error));
  CHECK(strlen(names) == 4 && strstr(names, "a|") && strstr(names, "c|"));
  CHECK(zarr_vlen_store_delete(store, "c", NULL, &error) && zarr_vlen_store_delete(store, "c", NULL, &error));
  CHECK(zarr_vlen_store_delete_all(store, "a", NULL, &error));
  CHECK(zarr_vlen_store_get(store, "a/b", 0, -1, &value, NULL, &error) && !value);

  /* Parts of values of a store are read and written there. */
  const char *documents[] = {plain, sharded};
  for (int i = 0; i < 2; i++) {
    zarr_vlen_codecs *made = codecs(documents[i]);
    zarr_vlen_bytes elements[] = {text("a"), text("bb"), text("c"), text("d"), text("ee"), text("fff")};
    const int64_t third[] = {3}, two[] = {2};
    zarr_vlen_part part = {
        .path = "k/0", .store = store, .shape = six, .start = zero, .count = six, .strides = one,
        .replaces_value = true};
    zarr_vlen_part parts[] = {
        {.path = "k/0", .store = store, .shape = six, .start = third, .count = two},
        {.path = "k/1", .store = store, .shape = six, .start = zero, .count = six},
    };
    bool missing[2];
    Seen seen = {.most = 100};
    CHECK(zarr_vlen_write(made, &part, 1, elements, 6, false, NULL, NULL, &error));
    CHECK(zarr_vlen_read(made, parts, 2, remember, &seen, missing, NULL, &error));
    CHECK(!missing[0] && missing[1] && strcmp(seen.text[0], "d|ee|") == 0);
    parts[0].strides = one;
    zarr_vlen_bytes other[] = {text("new"), text("newer")};
    CHECK(zarr_vlen_write(made, parts, 1, other, 2, false, NULL, NULL, &error));
    Seen after = {.most = 100};
    CHECK(zarr_vlen_read(made, &part, 1, remember, &after, missing, NULL, &error));
    CHECK(strcmp(after.text[0], "a|bb|c|new|newer|fff|") == 0);
    parts[0].path = NULL;
    CHECK(!zarr_vlen_read(made, parts, 1, remember, &seen, missing, NULL, &error));
    CHECK(error.code == ZARR_VLEN_INVALID_ARGUMENT);
    CHECK(zarr_vlen_store_delete(store, "k/0", NULL, &error));
    zarr_vlen_codecs_free(made);
  }
  CHECK(!zarr_vlen_array_open_at(store, "", NULL, NULL, &error) && error.code == ZARR_VLEN_NOT_FOUND);
  zarr_vlen_store_free(store);

  /* An archive is there once it is finished. */
  snprintf(url, sizeof url, "%s/values.zip|zip:in/it", folder);
  zarr_vlen_opened_store *archive = zarr_vlen_store_open(url, true, NULL, 0, NULL, NULL, &error);
  CHECK(archive && zarr_vlen_store_describe(archive).has_to_be_finished);
  CHECK(zarr_vlen_store_set(archive, "zarr.json", plain, strlen(plain), NULL, &error));
  CHECK(!zarr_vlen_store_open(url, false, NULL, 0, NULL, NULL, &error));
  CHECK(!zarr_vlen_store_open(url, true, NULL, 0, NULL, NULL, &error));
  CHECK(error.code == ZARR_VLEN_SYSTEM && error.system_code == EBUSY);
  CHECK(zarr_vlen_store_finish(archive, NULL, &error));
  CHECK(!zarr_vlen_store_set(archive, "a", "", 0, NULL, &error));
  CHECK(error.code == ZARR_VLEN_SYSTEM && error.system_code == EROFS);
  zarr_vlen_store_free(archive);
  archive = zarr_vlen_store_open(url, false, NULL, 0, NULL, NULL, &error);
  zarr_vlen_array *array = zarr_vlen_array_open_at(archive, "", NULL, NULL, &error);
  CHECK(archive && array);
  zarr_vlen_store_free(archive);
  zarr_vlen_batch *batch = zarr_vlen_array_read(array, NULL, NULL, 0, NULL, &error);
  CHECK(batch && zarr_vlen_batch_get(batch).count == 6);
  zarr_vlen_batch_free(batch);
  zarr_vlen_array_free(array);

  /* Nobody listens there, and nobody waits for long. */
  zarr_vlen_option options[] = {
      {"endpoint", "http://127.0.0.1:1"}, {"access_key", "key"}, {"secret_key", "hidden"}, {"region", "us-east-1"},
      {"attempt_limit", "2"}, {"time_limit", "5"}, {"addressing", "path"}, {"uses_checksums", "false"},
      {"is_shared", "false"}, {"lease_duration", "2.5"}, {"request_concurrency", "8"}};
  const size_t count = sizeof options / sizeof *options;
  store = zarr_vlen_store_open("s3://bucket/a", true, options, count, NULL, NULL, &error);
  CHECK(store && zarr_vlen_store_describe(store).request_concurrency == 8);
  CHECK(!zarr_vlen_store_get(store, "a", 0, -1, &value, NULL, &error) && error.code == ZARR_VLEN_UNAVAILABLE);
  CHECK(!strstr(error.message, "hidden"));
  zarr_vlen_monitor *monitor = zarr_vlen_monitor_create();
  zarr_vlen_monitor_cancel(monitor);
  CHECK(!zarr_vlen_store_get(store, "a", 0, -1, &value, monitor, &error) && error.code == ZARR_VLEN_STOPPED);
  zarr_vlen_monitor_free(monitor);
  zarr_vlen_store_free(store);
  CHECK(!zarr_vlen_store_open("http://127.0.0.1:1/a", true, NULL, 0, NULL, NULL, &error));
  CHECK(error.code == ZARR_VLEN_SYSTEM && error.system_code == EROFS);
  store = zarr_vlen_store_open("http://127.0.0.1:1/a", false, NULL, 0, NULL, NULL, &error);
  CHECK(store && !zarr_vlen_store_describe(store).is_listable);
  CHECK(!zarr_vlen_store_list(store, "", join_names, names, NULL, &error));
  zarr_vlen_store_free(store);

  zarr_vlen_option wrong[][2] = {
      {{"endpoint_url", "x"}, {"region", "x"}}, {{"access_key", "x"}, {"region", "x"}}, {{"is_shared", "yes"}, {"region", "x"}},
      {{"attempt_limit", "0"}, {"region", "x"}}, {{"time_limit", "soon"}, {"region", "x"}}, {{NULL, "x"}, {"region", "x"}},
      {{"header", "no colon"}, {"region", "x"}}, {{"addressing", "dns"}, {"region", "x"}}};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    CHECK(!zarr_vlen_store_open("s3://bucket/a", false, wrong[i], 2, NULL, NULL, &error));
    CHECK(error.code == ZARR_VLEN_INVALID_ARGUMENT);
  }
  CHECK(!zarr_vlen_store_open("gopher://a/b", false, NULL, 0, NULL, NULL, &error));
  CHECK(error.code == ZARR_VLEN_INVALID_ARGUMENT && strstr(error.message, "s3:"));
  CHECK(!zarr_vlen_store_open(NULL, false, NULL, 0, NULL, NULL, &error));
  CHECK(!zarr_vlen_store_finish(NULL, NULL, &error));
  zarr_vlen_store_free(NULL);
  zarr_vlen_value_free(NULL);
}

/* Runs the tool in a process of its own, and returns its exit code. Its output is kept. */
static int tool(char *output, size_t capacity, int count, char *const *arguments) {
  int ends[2], status = 0;
  CHECK(pipe(ends) == 0);
  pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    zarr_vlen_main(count, arguments);
  }
  close(ends[1]);
  size_t length = 0;
  ssize_t more;
  while (length + 1 < capacity && (more = read(ends[0], output + length, capacity - length - 1)) > 0)
    length += (size_t)more;
  output[length] = 0;
  close(ends[0]);
  CHECK(waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void the_tool_is_there(void) {
  char output[4096];
  char *const version[] = {"zvlen", "--version", NULL}, *const missing[] = {"zvlen", "info", "/nonexistent", NULL};
  CHECK(tool(output, sizeof output, 2, version) == 0);
  CHECK(strcmp(output, "0.1.0\n") == 0);
  CHECK(tool(output, sizeof output, 3, missing) == 1);
  CHECK(strcmp(output, "zvlen: error: /nonexistent: there is no such directory\n") == 0);
  CHECK(tool(output, sizeof output, 0, NULL) == 0);
  CHECK(strstr(output, "USAGE: zvlen"));
}

int main(int count, char **arguments) {
  if (count != 2) return 2;
  /* The processes of the tool are made before the library starts threads. */
  the_tool_is_there();
  values_come_back(plain);
  values_come_back(sharded);
  files_are_written(arguments[1]);
  arrays_grow(arguments[1]);
  segments_are_committed(arguments[1]);
  data_types_of_the_caller_are_bytes(arguments[1]);
  parts_are_planned(arguments[1]);
  stores_of_the_caller(plain);
  stores_of_the_caller(sharded);
  stores_have_urls(arguments[1]);
  settings_are_found();
  arguments_are_checked();
  if (!failures) printf("the C interface: all checks passed\n");
  return failures != 0;
}
