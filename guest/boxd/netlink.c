#define _GNU_SOURCE
#include "netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define IFLA_NET_NS_FD_ 28 /* IFLA_NET_NS_FD of linux/if_link.h */
#define MESSAGE_BYTES 512

struct message {
  struct nlmsghdr header;
  uint8_t rest[MESSAGE_BYTES];
};

static void *append(struct message *message, const void *bytes, uint32_t length) {
  void *at = (uint8_t *)&message->header + NLMSG_ALIGN(message->header.nlmsg_len);
  memcpy(at, bytes, length);
  message->header.nlmsg_len = NLMSG_ALIGN(message->header.nlmsg_len) + length;
  return at;
}

static struct rtattr *attribute(struct message *message, uint16_t type, const void *bytes, uint32_t length) {
  struct rtattr head = {RTA_LENGTH(length), type};
  struct rtattr *at = append(message, &head, sizeof head);
  if (length) append(message, bytes, length);
  return at;
}

static struct rtattr *text(struct message *message, uint16_t type, const char *value) {
  return attribute(message, type, value, strlen(value) + 1);
}

/* The attributes added since lie in it. */
static void enclose(struct message *message, struct rtattr *nest) {
  nest->rta_len = (uint8_t *)&message->header + message->header.nlmsg_len - (uint8_t *)nest;
}

static void begin(struct message *message, uint16_t type, uint16_t flags, const void *family, uint32_t length) {
  memset(message, 0, sizeof *message);
  message->header.nlmsg_len = NLMSG_LENGTH(0);
  message->header.nlmsg_type = type;
  message->header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
  append(message, family, length);
}

/* Sends it and takes the acknowledgement. */
static int ask(struct message *message) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return errno;
  struct {
    struct nlmsghdr header;
    struct nlmsgerr error;
    uint8_t echo[MESSAGE_BYTES];
  } answer;
  int result = EPROTO;
  if (send(fd, message, message->header.nlmsg_len, 0) < 0)
    result = errno;
  else if (recv(fd, &answer, sizeof answer, 0) < 0)
    result = errno;
  else if (answer.header.nlmsg_type == NLMSG_ERROR)
    result = -answer.error.error;
  close(fd);
  return result;
}

static int index_of(const char *name) { return if_nametoindex(name); }

static void begin_link(struct message *message, uint16_t type, uint16_t flags, struct ifinfomsg *info) {
  begin(message, type, flags, info, sizeof *info);
}

int bridge_add(const char *name) {
  struct message message;
  struct ifinfomsg info = {0};
  begin_link(&message, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info);
  text(&message, IFLA_IFNAME, name);
  struct rtattr *link = attribute(&message, IFLA_LINKINFO, NULL, 0);
  text(&message, IFLA_INFO_KIND, "bridge");
  enclose(&message, link);
  return ask(&message);
}

int veth_add(const char *name, const char *peer, const char *peer_netns) {
  struct message message;
  struct ifinfomsg info = {0};
  int netns = -1;
  if (peer_netns && (netns = open(peer_netns, O_RDONLY | O_CLOEXEC)) < 0) return errno;
  begin_link(&message, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info);
  text(&message, IFLA_IFNAME, name);
  struct rtattr *link = attribute(&message, IFLA_LINKINFO, NULL, 0);
  text(&message, IFLA_INFO_KIND, "veth");
  struct rtattr *data = attribute(&message, IFLA_INFO_DATA, NULL, 0);
  struct rtattr *other = attribute(&message, VETH_INFO_PEER, NULL, 0);
  append(&message, &info, sizeof info);
  text(&message, IFLA_IFNAME, peer);
  if (netns >= 0) attribute(&message, IFLA_NET_NS_FD_, &netns, sizeof netns);
  enclose(&message, other);
  enclose(&message, data);
  enclose(&message, link);
  int result = ask(&message);
  if (netns >= 0) close(netns);
  return result;
}

int link_remove(const char *name) {
  struct message message;
  struct ifinfomsg info = {.ifi_index = index_of(name)};
  if (!info.ifi_index) return ENODEV;
  begin_link(&message, RTM_DELLINK, 0, &info);
  return ask(&message);
}

int link_up(const char *name) {
  struct message message;
  struct ifinfomsg info = {.ifi_index = index_of(name), .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
  if (!info.ifi_index) return ENODEV;
  begin_link(&message, RTM_NEWLINK, 0, &info);
  return ask(&message);
}

int link_master(const char *name, const char *master) {
  struct message message;
  struct ifinfomsg info = {.ifi_index = index_of(name)};
  uint32_t bridge = index_of(master);
  if (!info.ifi_index || !bridge) return ENODEV;
  begin_link(&message, RTM_NEWLINK, 0, &info);
  attribute(&message, IFLA_MASTER, &bridge, sizeof bridge);
  return ask(&message);
}

int link_address(const char *name, const uint8_t mac[6]) {
  struct message message;
  struct ifinfomsg info = {.ifi_index = index_of(name)};
  if (!info.ifi_index) return ENODEV;
  begin_link(&message, RTM_NEWLINK, 0, &info);
  attribute(&message, IFLA_ADDRESS, mac, 6);
  return ask(&message);
}

int address_add(const char *device, uint32_t address, uint8_t prefix) {
  struct message message;
  struct ifaddrmsg info = {.ifa_family = AF_INET, .ifa_prefixlen = prefix, .ifa_index = index_of(device)};
  if (!info.ifa_index) return ENODEV;
  if (prefix > 32) return EINVAL;
  begin(&message, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof info);
  attribute(&message, IFA_LOCAL, &address, sizeof address);
  attribute(&message, IFA_ADDRESS, &address, sizeof address);
  return ask(&message);
}

int route_add(uint32_t destination, uint8_t prefix, uint32_t gateway) {
  struct message message;
  struct rtmsg info = {
      .rtm_family = AF_INET,
      .rtm_dst_len = prefix,
      .rtm_table = RT_TABLE_MAIN,
      .rtm_protocol = RTPROT_BOOT,
      .rtm_scope = RT_SCOPE_UNIVERSE,
      .rtm_type = RTN_UNICAST,
  };
  begin(&message, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof info);
  if (prefix) attribute(&message, RTA_DST, &destination, sizeof destination);
  attribute(&message, RTA_GATEWAY, &gateway, sizeof gateway);
  return ask(&message);
}
