#define _GNU_SOURCE
#include "dns.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "boxd.h"

/* RFC 1035, section 4. */
#define HEADER_BYTES 12
#define MESSAGE_BYTES 512
#define NAME_BYTES 256
#define TYPE_A 1
#define TYPE_PTR 12
#define TYPE_ANY 255
#define CLASS_IN 1
enum { NO_ERROR, FORMAT_ERROR, SERVER_FAILURE, NAME_ERROR, NOT_IMPLEMENTED };

/* A question with one name, answered by as many addresses as fit beside it. */
#define ANSWER_BYTES 16
#define ANSWERS_MAX ((MESSAGE_BYTES - HEADER_BYTES) / ANSWER_BYTES)
/* Of the tables of names, each and together. */
#define TABLE_BYTES 65536
#define TABLES_MAX 64
/* Seconds, as Docker says it (moby `libnetwork/resolver.go`, `respTTL`). */
#define TTL_SECONDS 600

static char directory[300];
static int datagrams = -1, listener = -1;
static struct connection {
  int fd;
  uint8_t bytes[2 + MESSAGE_BYTES];
  uint32_t length;
} connections[DNS_CONNECTIONS];
static int connection_count;

/* What was asked, and what is known of it. */
struct question {
  char name[NAME_BYTES];
  uint16_t type;
  /* Of an address that was asked for by PTR. */
  bool reverse;
  uint32_t address;
  /* Found so far. */
  bool known;
  uint32_t addresses[ANSWERS_MAX];
  int count;
  char host[NAME_BYTES];
};

static uint16_t get16(const uint8_t *at) { return at[0] << 8 | at[1]; }
static void set16(uint8_t *at, uint16_t value) {
  at[0] = value >> 8;
  at[1] = value;
}

/* Sockets. */

static int bound_socket(int type) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(DNS_PORT)};
  inet_pton(AF_INET, DNS_ADDRESS, &address.sin_addr);
  int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
  if (fd < 0) return -1;
  /* A connection that has just ended must not keep the next one away; a datagram's address is ours alone. */
  if (type == SOCK_STREAM) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && (type == SOCK_DGRAM || listen(fd, DNS_CONNECTIONS) == 0)) return fd;
  int error = errno;
  close(fd);
  errno = error;
  return -1;
}

int dns_open(const char *netns, const char *tables) {
  char path[300];
  if (datagrams >= 0) return 0;
  if (!*netns || strchr(netns, '/') || *netns == '.' || strlen(netns) > 255) return EINVAL;
  if (snprintf(directory, sizeof directory, "%s/" DNS_DIRECTORY, tables) >= (int)sizeof directory) return ENAMETOOLONG;
  snprintf(path, sizeof path, "/run/netns/%s", netns);
  int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), theirs = open(path, O_RDONLY | O_CLOEXEC);
  int error = own < 0 || theirs < 0 || setns(theirs, CLONE_NEWNET) ? errno : 0;
  if (!error) {
    datagrams = bound_socket(SOCK_DGRAM);
    if (datagrams >= 0) listener = bound_socket(SOCK_STREAM);
    if (listener < 0) error = errno;
    if (setns(own, CLONE_NEWNET)) _exit(1);
  }
  if (own >= 0) close(own);
  if (theirs >= 0) close(theirs);
  if (error) dns_close();
  return error;
}

static void drop(int index) {
  close(connections[index].fd);
  connection_count--;
  memmove(&connections[index], &connections[index + 1], (connection_count - index) * sizeof *connections);
}

void dns_close(void) {
  while (connection_count) drop(connection_count - 1);
  if (datagrams >= 0) close(datagrams);
  if (listener >= 0) close(listener);
  datagrams = listener = -1;
}

/* Names. */

/* The words of a line: an address, its name, its other names. */
static void look_at_line(struct question *question, char *line) {
  char *rest, *word = strtok_r(line, " \t", &rest);
  struct in_addr address;
  if (!word || *word == '#' || inet_pton(AF_INET, word, &address) != 1) return;
  for (bool first = true; (word = strtok_r(NULL, " \t", &rest)); first = false) {
    if (question->reverse) {
      if (!first || address.s_addr != question->address || question->known) return;
      question->known = true;
      snprintf(question->host, sizeof question->host, "%s", word);
    } else if (!strcasecmp(word, question->name)) {
      question->known = true;
      for (int i = 0; i < question->count; i++)
        if (question->addresses[i] == address.s_addr) return;
      if (question->count < ANSWERS_MAX) question->addresses[question->count++] = address.s_addr;
      return;
    }
  }
}

static void look_in_file(struct question *question, int fd) {
  static char table[TABLE_BYTES];
  size_t length = 0;
  for (ssize_t got; length < sizeof table - 1 && (got = read(fd, table + length, sizeof table - 1 - length)) > 0;) length += got;
  table[length] = 0;
  char *rest;
  for (char *line = strtok_r(table, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) look_at_line(question, line);
}

/* The files as they are now: who changes them puts another in their place, so that none is ever seen half. */
static void look(struct question *question) {
  DIR *tables = opendir(directory);
  if (!tables) return;
  int left = TABLES_MAX;
  for (struct dirent *entry; left && (entry = readdir(tables)); left--) {
    if (entry->d_name[0] == '.') continue;
    int fd = openat(dirfd(tables), entry->d_name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    look_in_file(question, fd);
    close(fd);
  }
  closedir(tables);
}

/* Bytes of the question, with its name as text; 0 when it is none. A question has no names that point elsewhere. */
static uint32_t read_question(const uint8_t *message, uint32_t length, struct question *question) {
  uint32_t at = HEADER_BYTES, used = 0;
  for (;;) {
    if (at >= length) return 0;
    uint8_t size = message[at++];
    if (!size) break;
    if (size > 63 || at + size > length || used + size + 1 >= NAME_BYTES) return 0;
    if (used) question->name[used++] = '.';
    /* What has no place in a name matches none, and cannot end the text. */
    for (int i = 0; i < size; i++) question->name[used++] = message[at + i] > ' ' ? message[at + i] : '?';
    at += size;
  }
  question->name[used] = 0;
  if (at + 4 > length) return 0;
  question->type = get16(message + at);
  if (get16(message + at + 2) != CLASS_IN) question->type = 0;
  return at + 4 - HEADER_BYTES;
}

static void read_reverse(struct question *question) {
  unsigned d, c, b, a;
  int end = 0;
  if (sscanf(question->name, "%3u.%3u.%3u.%3u%n", &d, &c, &b, &a, &end) != 4 || strcasecmp(question->name + end, ".in-addr.arpa")) return;
  question->reverse = true;
  question->address = htonl(a << 24 | b << 16 | c << 8 | d);
}

/* Zones that are everybody's own, so that no server elsewhere would know better (RFC 6303). */
static bool is_private(uint32_t address) {
  uint32_t host = ntohl(address);
  return host >> 24 == 10 || host >> 24 == 127 || host >> 20 == 0xac1 || host >> 16 == 0xc0a8;
}

/*
 * All names without a dot are those of containers, so that there is no other. Of the rest somebody else may know, but this
 * machine has nobody to ask.
 */
static uint8_t failure_of(const struct question *question) {
  if (question->known) return NO_ERROR;
  if (question->reverse) return is_private(question->address) ? NAME_ERROR : SERVER_FAILURE;
  return strchr(question->name, '.') || !*question->name ? SERVER_FAILURE : NAME_ERROR;
}

/* Answers. */

static uint8_t *put_head(uint8_t *at, uint16_t type, uint16_t length) {
  /* The name is that of the question, 12 bytes into the message. */
  set16(at, 0xc000 | HEADER_BYTES);
  set16(at + 2, type);
  set16(at + 4, CLASS_IN);
  set16(at + 6, 0);
  set16(at + 8, TTL_SECONDS);
  set16(at + 10, length);
  return at + 12;
}

/* A host's name as labels, or 0 bytes when it cannot be one. */
static uint32_t put_name(uint8_t *to, const char *name) {
  uint32_t length = 0;
  while (*name) {
    size_t size = strcspn(name, ".");
    if (size == 0 || size > 63) return 0;
    to[length++] = size;
    memcpy(to + length, name, size);
    length += size;
    name += size + (name[size] == '.');
  }
  to[length++] = 0;
  return length;
}

/* Turns a query of `length` bytes into its answer. 0 for what deserves none. */
static uint32_t answer(uint8_t *message, uint32_t length) {
  static struct question question;
  if (length < HEADER_BYTES || message[2] & 0x80) return 0;
  memset(&question, 0, sizeof question);
  uint8_t code = NO_ERROR;
  uint32_t end = HEADER_BYTES, asked = 0;
  uint16_t count = 0;
  if ((message[2] >> 3 & 15) != 0)
    code = NOT_IMPLEMENTED;
  else if (get16(message + 4) != 1 || !(asked = read_question(message, length, &question)))
    code = FORMAT_ERROR;
  else {
    end += asked;
    if (question.type == TYPE_PTR) read_reverse(&question);
    look(&question);
    code = failure_of(&question);
    if (question.reverse && question.known) {
      uint8_t name[NAME_BYTES + 1];
      uint32_t size = put_name(name, question.host);
      if (size && end + ANSWER_BYTES + size <= MESSAGE_BYTES) {
        memcpy(put_head(message + end, TYPE_PTR, size), name, size);
        end += 12 + size;
        count++;
      }
    }
    bool wants_addresses = question.type == TYPE_A || question.type == TYPE_ANY;
    for (int i = 0; wants_addresses && i < question.count && end + ANSWER_BYTES <= MESSAGE_BYTES; i++, count++) {
      memcpy(put_head(message + end, TYPE_A, 4), &question.addresses[i], 4);
      end += ANSWER_BYTES;
    }
  }
  /* An answer; whether recursion was desired stays, and it is available. */
  message[2] = 0x80 | (message[2] & 0x79);
  message[3] = 0x80 | code;
  set16(message + 4, asked ? 1 : 0);
  set16(message + 6, count);
  set16(message + 8, 0);
  set16(message + 10, 0);
  return end;
}

static void serve_datagrams(void) {
  static uint8_t message[MESSAGE_BYTES];
  struct sockaddr_in from;
  socklen_t size = sizeof from;
  for (ssize_t got; (got = recvfrom(datagrams, message, sizeof message, 0, (struct sockaddr *)&from, &size)) >= 0; size = sizeof from) {
    uint32_t length = answer(message, got);
    if (length) sendto(datagrams, message, length, MSG_NOSIGNAL, (struct sockaddr *)&from, size);
  }
}

/* False when it has ended, or asks what cannot be meant. */
static bool serve_connection(struct connection *connection) {
  ssize_t got = recv(connection->fd, connection->bytes + connection->length, sizeof connection->bytes - connection->length, 0);
  if (got <= 0) return got < 0 && (errno == EAGAIN || errno == EINTR);
  connection->length += got;
  while (connection->length >= 2) {
    uint32_t size = get16(connection->bytes);
    if (size > MESSAGE_BYTES) return false;
    if (connection->length < 2 + size) break;
    uint8_t message[2 + MESSAGE_BYTES];
    memcpy(message, connection->bytes, 2 + size);
    uint32_t length = answer(message + 2, size);
    set16(message, length);
    /* Who does not take so few bytes at once is not waited for. */
    if (!length || send(connection->fd, message, 2 + length, MSG_NOSIGNAL) != (ssize_t)(2 + length)) return false;
    connection->length -= 2 + size;
    memmove(connection->bytes, connection->bytes + 2 + size, connection->length);
  }
  return true;
}

static void accept_connection(void) {
  int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) return;
  if (connection_count == DNS_CONNECTIONS) drop(0);
  connections[connection_count].fd = fd;
  connections[connection_count++].length = 0;
}

void dns_await(struct pollfd *entries) {
  entries[0] = (struct pollfd){datagrams, POLLIN, 0};
  entries[1] = (struct pollfd){listener, POLLIN, 0};
  for (int i = 0; i < DNS_CONNECTIONS; i++)
    entries[2 + i] = (struct pollfd){i < connection_count ? connections[i].fd : -1, POLLIN, 0};
}

void dns_serve(const struct pollfd *entries) {
  if (datagrams >= 0 && entries[0].revents) serve_datagrams();
  for (int i = connection_count - 1; i >= 0; i--)
    if (entries[2 + i].revents && !serve_connection(&connections[i])) drop(i);
  if (listener >= 0 && entries[1].revents) accept_connection();
}
