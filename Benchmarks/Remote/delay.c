// Stands before a server of HTTP on loopback, and has every request take a time, as a network would.
//
//     delay PORT SERVER_PORT MILLISECONDS
//
// A thread for each connection reads a request, waits, hands it on, and hands back the answer.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int server_port;
static long delay_milliseconds;

// A connection and what was received and not yet handed on.
struct stream {
  int socket;
  size_t count;
  char bytes[1 << 16];
};

static int make_socket(int port, bool listens) {
  int made = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  int failed = listens ? bind(made, (struct sockaddr *)&address, sizeof address) || listen(made, 1024)
                       : connect(made, (struct sockaddr *)&address, sizeof address);
  if (failed) {
    close(made);
    return -1;
  }
  return made;
}

static bool send_all(int socket, const char *bytes, size_t count) {
  while (count > 0) {
    ssize_t sent = send(socket, bytes, count, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes += sent;
    count -= (size_t)sent;
  }
  return true;
}

static bool fill(struct stream *stream) {
  if (stream->count == sizeof stream->bytes) return false;
  ssize_t got = recv(stream->socket, stream->bytes + stream->count, sizeof stream->bytes - stream->count, 0);
  if (got <= 0) return false;
  stream->count += (size_t)got;
  return true;
}

// Hands on a number of bytes.
static bool move(struct stream *from, int to, size_t count) {
  while (count > 0) {
    if (from->count == 0 && !fill(from)) return false;
    size_t step = from->count < count ? from->count : count;
    if (!send_all(to, from->bytes, step)) return false;
    memmove(from->bytes, from->bytes + step, from->count - step);
    from->count -= step;
    count -= step;
  }
  return true;
}

// The size of the head that a stream begins with, or 0 at its end.
static size_t head_size(struct stream *stream) {
  while (true) {
    char *end = memmem(stream->bytes, stream->count, "\r\n\r\n", 4);
    if (end) return (size_t)(end - stream->bytes) + 4;
    if (!fill(stream)) return 0;
  }
}

static const char *field(const struct stream *stream, size_t head, const char *name) {
  for (const char *line = stream->bytes; line && line < stream->bytes + head;) {
    if (!strncasecmp(line, name, strlen(name))) return line + strlen(name);
    line = memmem(line, (size_t)(stream->bytes + head - line), "\r\n", 2);
    if (line) line += 2;
  }
  return NULL;
}

static size_t body_size(const struct stream *stream, size_t head) {
  const char *value = field(stream, head, "content-length:");
  return value ? strtoull(value, NULL, 10) : 0;
}

// Hands on a body in chunks.
static bool move_chunks(struct stream *from, int to) {
  while (true) {
    char *end;
    while (!(end = memmem(from->bytes, from->count, "\r\n", 2)))
      if (!fill(from)) return false;
    size_t line = (size_t)(end - from->bytes) + 2, count = strtoull(from->bytes, NULL, 16);
    if (!move(from, to, line + count + 2)) return false;
    if (count == 0) return true;
  }
}

static void *serve(void *argument) {
  struct stream *client = calloc(1, sizeof *client), *server = calloc(1, sizeof *server);
  client->socket = (int)(long)argument;
  server->socket = make_socket(server_port, false);
  size_t head;
  while (server->socket >= 0 && (head = head_size(client))) {
    bool has_no_body = !strncmp(client->bytes, "HEAD ", 5);
    struct timespec pause = {delay_milliseconds / 1000, delay_milliseconds % 1000 * 1000000};
    nanosleep(&pause, NULL);
    if (!move(client, server->socket, head + body_size(client, head))) break;
    if (!(head = head_size(server))) break;
    bool is_chunked = field(server, head, "transfer-encoding:") != NULL;
    size_t body = has_no_body || is_chunked ? 0 : body_size(server, head);
    if (!move(server, client->socket, head + body)) break;
    if (is_chunked && !has_no_body && !move_chunks(server, client->socket)) break;
  }
  close(client->socket);
  close(server->socket);
  free(client);
  free(server);
  return NULL;
}

int main(int count, char **arguments) {
  if (count != 4) return 2;
  signal(SIGPIPE, SIG_IGN);
  server_port = atoi(arguments[2]);
  delay_milliseconds = atol(arguments[3]);
  int listener = make_socket(atoi(arguments[1]), true);
  if (listener < 0) return 1;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, 128 << 10);
  while (true) {
    int accepted = accept(listener, NULL, NULL), one = 1;
    pthread_t thread;
    if (accepted < 0) continue;
    setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (pthread_create(&thread, &attributes, serve, (void *)(long)accepted)) close(accepted);
  }
}
