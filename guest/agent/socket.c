#define _GNU_SOURCE
#include "socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "frame.h"
#include "output.h"
#include "wire.h"

union address {
  struct sockaddr any;
  struct sockaddr_un unix_;
  struct sockaddr_in ip4;
  struct sockaddr_in6 ip6;
};

/* Returns what is wrong with the address, or NULL. `text` is its path, or its numeric host. */
static const char *parse(uint8_t family, uint16_t port, const uint8_t *text, uint32_t length, union address *address, socklen_t *size) {
  memset(address, 0, sizeof *address);
  char host[INET6_ADDRSTRLEN + 1];
  if (length == 0 || memchr(text, 0, length)) return "the address is empty or has a NUL in it";
  if (family == FAMILY_UNIX) {
    if (length >= sizeof address->unix_.sun_path) return "the path is longer than a socket's may be (107 bytes)";
    if (text[0] != '/') return "the path is not absolute";
    address->unix_.sun_family = AF_UNIX;
    memcpy(address->unix_.sun_path, text, length);
    *size = offsetof(struct sockaddr_un, sun_path) + length + 1;
    return NULL;
  }
  if (family != FAMILY_TCP) return "no such address family";
  if (length >= sizeof host) return "the host is no numeric address";
  memcpy(host, text, length);
  host[length] = 0;
  if (inet_pton(AF_INET, host, &address->ip4.sin_addr) == 1) {
    address->ip4.sin_family = AF_INET;
    address->ip4.sin_port = htons(port);
    *size = sizeof address->ip4;
    return NULL;
  }
  if (inet_pton(AF_INET6, host, &address->ip6.sin6_addr) == 1) {
    address->ip6.sin6_family = AF_INET6;
    address->ip6.sin6_port = htons(port);
    *size = sizeof address->ip6;
    return NULL;
  }
  return "the host is no numeric address";
}

static uint16_t port_of(const union address *address) {
  if (address->any.sa_family == AF_INET) return ntohs(address->ip4.sin_port);
  if (address->any.sa_family == AF_INET6) return ntohs(address->ip6.sin6_port);
  return 0;
}

/* Frames gather bytes already; waiting for more would only delay a request. */
static void send_at_once(int fd, const union address *address) {
  int on = 1;
  if (address->any.sa_family != AF_UNIX) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static void refuse(struct stream *stream, uint8_t type, uint16_t code, int error, const char *message) {
  output_error(stream->id, type, code, error, true, message);
  stream_drop(stream);
}

static void opened(struct stream *stream, uint16_t port) {
  uint8_t payload[2];
  put16(payload, port);
  output_frame(FRAME_OPENED, 0, stream->id, payload, sizeof payload, URGENT);
}

void socket_connect(uint32_t id, const uint8_t *payload, uint32_t length) {
  struct stream *stream = stream_open(FRAME_CONNECT, id, CONNECTING);
  if (!stream) return;
  union address address;
  socklen_t size;
  const char *wrong = parse(payload[0], get16(payload + 2), payload + 8, length - 8, &address, &size);
  if (wrong) return refuse(stream, FRAME_CONNECT, ERROR_BAD_TEXT, 0, wrong);
  int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return refuse(stream, FRAME_CONNECT, ERROR_SOCKET, errno, "no socket could be made");
  stream->in_fd = stream->out_fd[0] = fd;
  stream->out_nonblocking[0] = true;
  stream->out_credit[0] = get32(payload + 4);
  send_at_once(fd, &address);
  if (connect(fd, &address.any, size) == 0)
    socket_connected(stream);
  else if (errno != EINPROGRESS)
    refuse(stream, FRAME_CONNECT, ERROR_SOCKET, errno, "the connection could not be made");
}

void socket_connected(struct stream *stream) {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(stream->in_fd, SOL_SOCKET, SO_ERROR, &error, &size)) error = errno;
  if (error) return refuse(stream, FRAME_CONNECT, ERROR_SOCKET, error, "the connection could not be made");
  stream->kind = SOCKET;
  opened(stream, 0);
  /* What the host sent meanwhile lies in the ring; an END without bytes before it would wait for ever. */
  if (stream->in_ended && stream->ring_fill == 0) stream_end(stream, 0);
}

void socket_listen(uint32_t id, const uint8_t *payload, uint32_t length) {
  struct stream *stream = stream_open(FRAME_LISTEN, id, LISTENER);
  if (!stream) return;
  union address address;
  socklen_t size;
  uint8_t flags = payload[1];
  uint16_t mode = get16(payload + 4), backlog = get16(payload + 6);
  const char *wrong = parse(payload[0], get16(payload + 2), payload + 12, length - 12, &address, &size);
  if (wrong) return refuse(stream, FRAME_LISTEN, ERROR_BAD_TEXT, 0, wrong);
  if (flags & ~(LISTEN_FLAG_REPLACE | LISTEN_FLAG_MODE) || mode > 07777)
    return refuse(stream, FRAME_LISTEN, ERROR_BAD_FIELD, 0, "unknown flags or permissions");
  int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return refuse(stream, FRAME_LISTEN, ERROR_SOCKET, errno, "no socket could be made");
  stream->out_fd[0] = fd;
  stream->accepted_credit = get32(payload + 8);
  bool unix_ = address.any.sa_family == AF_UNIX;
  const char *path = address.unix_.sun_path;
  struct stat there;
  if (unix_ && flags & LISTEN_FLAG_REPLACE && lstat(path, &there) == 0 && S_ISSOCK(there.st_mode)) unlink(path);
  int on = 1;
  if (!unix_) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, &address.any, size)) return refuse(stream, FRAME_LISTEN, ERROR_SOCKET, errno, "the address could not be bound");
  if (unix_) strcpy(stream->path, path);
  if (unix_ && flags & LISTEN_FLAG_MODE && chmod(path, mode))
    return refuse(stream, FRAME_LISTEN, ERROR_SOCKET, errno, "the socket's permissions could not be set");
  if (listen(fd, backlog)) return refuse(stream, FRAME_LISTEN, ERROR_SOCKET, errno, "the address cannot be listened on");
  size = sizeof address;
  opened(stream, getsockname(fd, &address.any, &size) ? 0 : port_of(&address));
}

void socket_accept(struct stream *listener) {
  union address address = {0};
  socklen_t size = sizeof address;
  int fd = accept4(listener->out_fd[0], &address.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return;
  struct stream *stream = stream_accept(SOCKET);
  if (!stream) {
    close(fd);
    return;
  }
  stream->in_fd = stream->out_fd[0] = fd;
  stream->out_nonblocking[0] = true;
  stream->out_credit[0] = listener->accepted_credit;
  send_at_once(fd, &address);

  struct ucred peer = {.pid = -1, .uid = -1, .gid = -1};
  socklen_t peer_size = sizeof peer;
  char text[INET6_ADDRSTRLEN] = "";
  if (address.any.sa_family == AF_INET)
    inet_ntop(AF_INET, &address.ip4.sin_addr, text, sizeof text);
  else if (address.any.sa_family == AF_INET6)
    inet_ntop(AF_INET6, &address.ip6.sin6_addr, text, sizeof text);
  else
    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_size);
  uint8_t payload[18 + sizeof text];
  uint8_t *at = put32(payload, listener->id);
  at = put32(put32(put32(at, peer.pid), peer.uid), peer.gid);
  at = put16(at, port_of(&address));
  size_t length = strlen(text);
  memcpy(at, text, length);
  output_frame(FRAME_ACCEPTED, 0, stream->id, payload, at + length - payload, URGENT);
}
