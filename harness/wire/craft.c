/* craft: segments to frames, and frames onto the wire. The only file that knows libnet.
 *
 * A frame is built by libnet in a context without interface (LIBNET_NONE): its
 * protocol blocks from the inside out, coalesced to bytes with all checksums. A few
 * things libnet derives and will not be told: the data offset, the four bits beside
 * it, the second word of ICMP errors; and of IPv6's flow label, libnet 1.1.6 writes the
 * middle byte wrong. Those are patched in the finished bytes, and then the checksum is
 * mended. A deliberately wrong checksum is written last of all.
 *
 * Each frame begins with libnet_clear_packet(), so a crafter carries nothing over from
 * one frame to the next, an error in between included. libnet keeps the error text in
 * its context; it is copied out at once.
 *
 * A frame is never fragmented: what does not fit into one IP packet is an error.
 */
#include "wire/craft.h"

#include "wire/bytes.h"
#include "wire/decode.h"
#include "wire/icmp.h"

#include <errno.h>
#include <libnet.h>
#include <linux/filter.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { IP4_LEN = 20, IP6_LEN = 40, TCP_LEN = 20, ICMP_LEN = 8, IP_MAX = 65535 };
enum { QUOTE_V4 = 576, QUOTE_V6 = 1280 }; /* whole ICMP packets: RFC 1812 4.3.2.3, RFC 4443 2.4 */
enum { DONT_FRAGMENT = 0x4000 };

struct crafter {
	libnet_t *net; /* (owned) */
};

struct sender {
	libnet_t *net; /* (owned) */
};

/* Return: -1. */
static int fail(char error[CRAFT_ERROR_LEN], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int fail(char error[CRAFT_ERROR_LEN], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, CRAFT_ERROR_LEN, format, args);
	va_end(args);
	return -1;
}

static int libnet_failed(libnet_t *net, char error[CRAFT_ERROR_LEN])
{
	return fail(error, "libnet: %s", libnet_geterror(net));
}

struct crafter *crafter_new(char error[CRAFT_ERROR_LEN])
{
	char why[LIBNET_ERRBUF_SIZE] = "";
	struct crafter *crafter = calloc(1, sizeof(*crafter));

	if (!crafter) {
		fail(error, "no memory");
		return NULL;
	}
	crafter->net = libnet_init(LIBNET_NONE, NULL, why);
	if (!crafter->net) {
		fail(error, "libnet: %s", why);
		free(crafter);
		return NULL;
	}
	return crafter;
}

void crafter_free(struct crafter *crafter)
{
	if (!crafter)
		return;
	libnet_destroy(crafter->net);
	free(crafter);
}

/* ---- layers ---- */

/* The IP and Ethernet headers around @len bytes that have been built already.
 * @out: of the segment, only the fields of IP and the route are read */
static int build_ip(libnet_t *net, const struct segment *ip, uint8_t protocol, size_t len)
{
	uint8_t class = (uint8_t)(ip->dscp << 2 | (ip->ecn & 3));
	const struct route *route = &ip->route;
	struct libnet_in6_addr src6, dst6;
	uint32_t src4, dst4;

	if (route->ip == 4) {
		memcpy(&src4, route->src.bytes, 4);
		memcpy(&dst4, route->dst.bytes, 4);
		return libnet_build_ipv4((uint16_t)(IP4_LEN + len), class, ip->id,
					 ip->df ? DONT_FRAGMENT : 0, ip->ttl, protocol, 0,
					 src4, dst4, NULL, 0, net, 0);
	}
	memcpy(&src6, route->src.bytes, 16);
	memcpy(&dst6, route->dst.bytes, 16);
	return libnet_build_ipv6(class, ip->flowlabel, (uint16_t)len, protocol, ip->ttl,
				 src6, dst6, NULL, 0, net, 0);
}

static int build_ethernet(libnet_t *net, const struct route *route)
{
	return libnet_build_ethernet(route->eth_dst, route->eth_src,
				     route->ip == 4 ? ETHERTYPE_IP : ETHERTYPE_IPV6,
				     NULL, 0, net, 0);
}

static int build_tcp(libnet_t *net, const struct segment *segment, size_t len)
{
	if (segment->options_len &&
	    libnet_build_tcp_options(segment->options, (uint32_t)segment->options_len,
				     net, 0) < 0)
		return -1;
	return libnet_build_tcp(segment->sport, segment->dport, segment->seq, segment->ack,
				(uint8_t)segment->flags, segment->win, 0, segment->urgent,
				(uint16_t)len, segment->data_len ? segment->data : NULL,
				(uint32_t)segment->data_len, net, 0);
}

/* Coalesce what has been built into @out. */
static int finish(libnet_t *net, struct frame *out, char error[CRAFT_ERROR_LEN])
{
	uint8_t *bytes = NULL;
	uint32_t len = 0;

	if (libnet_pblock_coalesce(net, &bytes, &len) < 0)
		return libnet_failed(net, error);
	memcpy(out->bytes, bytes, len);
	out->len = len;
	libnet_adv_free_packet(net, bytes);
	return 0;
}

static size_t ip_header(const struct route *route)
{
	return route->ip == 4 ? IP4_LEN : IP6_LEN;
}

/* What can follow the IP header. IPv6's length field would allow for 40 bytes more, but no
 * link has an MTU for them. */
static size_t ip_room(const struct route *route)
{
	return IP_MAX - ip_header(route);
}

/* ---- what libnet derives ---- */

/* Reckon a checksum anew, after its bytes have been patched.
 * @field: where it stands from the start of the @len bytes at @bytes */
static void mend(const struct route *route, uint8_t protocol, uint8_t *bytes, size_t len,
		 size_t field)
{
	uint32_t sum = 0;

	if (protocol != IPPROTO_ICMP)
		sum = pseudo_sum(route->ip, &route->src, &route->dst, protocol, len);
	put16(bytes + field, 0);
	put16(bytes + field, inet_checksum(bytes, len, sum));
}

/* The flow label's middle byte; the IPv6 header has no checksum, nor is the label in TCP's. */
static void patch_flowlabel(const struct segment *segment, uint8_t *ip)
{
	if (segment->route.ip == 6)
		ip[2] = (uint8_t)(segment->flowlabel >> 8);
}

static void patch_tcp(const struct segment *segment, uint8_t *tcp, size_t len)
{
	uint8_t byte = tcp[12];

	if (segment->has_offset)
		byte = (uint8_t)(segment->offset << 4);
	byte |= segment->flags >> 8 & 15;
	if (byte != tcp[12]) {
		tcp[12] = byte;
		mend(&segment->route, IPPROTO_TCP, tcp, len, 16);
	}
	if (segment->checksum_mode == CHECKSUM_BAD)
		put16(tcp + 16, (uint16_t)(get16(tcp + 16) + 1));
	else if (segment->checksum_mode == CHECKSUM_VALUE)
		put16(tcp + 16, segment->checksum);
}

int craft_tcp(struct crafter *crafter, const struct segment *segment, struct frame *out,
	      char error[CRAFT_ERROR_LEN])
{
	size_t options = (segment->options_len + 3) / 4 * 4;
	size_t len = TCP_LEN + options + segment->data_len;
	libnet_t *net = crafter->net;

	if (options > PACKET_OPTIONS_MAX)
		return fail(error, "%zu bytes of options do not fit into the TCP header's 40",
			    segment->options_len);
	if (len > ip_room(&segment->route))
		return fail(error, "%zu bytes of payload do not fit into one IP packet",
			    segment->data_len);
	libnet_clear_packet(net);
	if (build_tcp(net, segment, len) < 0 || build_ip(net, segment, IPPROTO_TCP, len) < 0 ||
	    build_ethernet(net, &segment->route) < 0)
		return libnet_failed(net, error);
	if (finish(net, out, error) < 0)
		return -1;
	patch_flowlabel(segment, out->bytes + ETH_HEADER);
	patch_tcp(segment, out->bytes + ETH_HEADER + ip_header(&segment->route), len);
	return 0;
}

/* ---- ICMP ---- */

static int build_icmp(libnet_t *net, const struct icmp_error *icmp, size_t quoted)
{
	uint8_t type, code;

	icmp_numbers(icmp->kind, icmp->route.ip, &type, &code);
	if (icmp->route.ip == 6) /* libnet forgot the const; it only copies the payload */
		return libnet_build_icmpv6_unreach(type, code, 0, (uint8_t *)icmp->quoted,
						   (uint32_t)quoted, net, 0);
	if (icmp->kind == ICMP_TIME_EXCEEDED)
		return libnet_build_icmpv4_timeexceed(type, code, 0, icmp->quoted,
						      (uint32_t)quoted, net, 0);
	return libnet_build_icmpv4_unreach(type, code, 0, icmp->quoted, (uint32_t)quoted,
					   net, 0);
}

/* The header's second word, which libnet leaves 0: the MTU (RFC 1191 4, RFC 4443 3.2), and
 * in IPv6's parameter problem where the unknown next header stands (RFC 4443 3.4). */
static void patch_icmp(const struct icmp_error *icmp, uint8_t *bytes, size_t len)
{
	enum { NEXT_HEADER = 6 };
	bool v4 = icmp->route.ip == 4;

	if (icmp->kind == ICMP_FRAG_NEEDED) {
		put16(bytes + 4, v4 ? 0 : (uint16_t)(icmp->mtu >> 16));
		put16(bytes + 6, (uint16_t)icmp->mtu);
	} else if (icmp->kind == ICMP_PROTOCOL_UNREACHABLE && !v4) {
		put16(bytes + 6, NEXT_HEADER);
	} else {
		return;
	}
	mend(&icmp->route, v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6, bytes, len, 2);
}

int craft_icmp(struct crafter *crafter, const struct icmp_error *icmp, struct frame *out,
	       char error[CRAFT_ERROR_LEN])
{
	struct segment ip = { .route = icmp->route, .ttl = icmp->ttl };
	size_t header = ip_header(&icmp->route) + ICMP_LEN;
	size_t most = (icmp->route.ip == 4 ? QUOTE_V4 : QUOTE_V6) - header;
	size_t quoted = icmp->quoted_len < most ? icmp->quoted_len : most;
	uint8_t protocol = icmp->route.ip == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	libnet_t *net = crafter->net;

	libnet_clear_packet(net);
	if (build_icmp(net, icmp, quoted) < 0 ||
	    build_ip(net, &ip, protocol, ICMP_LEN + quoted) < 0 ||
	    build_ethernet(net, &icmp->route) < 0)
		return libnet_failed(net, error);
	if (finish(net, out, error) < 0)
		return -1;
	patch_icmp(icmp, out->bytes + ETH_HEADER + ip_header(&icmp->route), ICMP_LEN + quoted);
	return 0;
}

/* ---- sending ---- */

/* libnet opens its socket for all protocols, so the kernel would queue a copy of each
 * packet of the namespace there, for nobody. A filter that takes nothing prevents it. */
static int refuse_packets(int fd)
{
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = { .len = 1, .filter = &nothing };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

struct sender *sender_open(const char *interface, char error[CRAFT_ERROR_LEN])
{
	char why[LIBNET_ERRBUF_SIZE] = "";
	struct sender *sender = calloc(1, sizeof(*sender));

	if (!sender) {
		fail(error, "no memory");
		return NULL;
	}
	sender->net = libnet_init(LIBNET_LINK_ADV, interface, why);
	if (!sender->net) {
		fail(error, "libnet: %s: %s", interface, why);
		goto free_sender;
	}
	if (refuse_packets(libnet_getfd(sender->net)) < 0) {
		fail(error, "%s: SO_ATTACH_FILTER: %s", interface, strerror(errno));
		goto destroy_net;
	}
	return sender;

destroy_net:
	libnet_destroy(sender->net);
free_sender:
	free(sender);
	return NULL;
}

void sender_close(struct sender *sender)
{
	if (!sender)
		return;
	libnet_destroy(sender->net);
	free(sender);
}

int sender_send(struct sender *sender, const uint8_t *frame, size_t len,
		char error[CRAFT_ERROR_LEN])
{
	int sent, rc;

	errno = 0;
	sent = libnet_adv_write_link(sender->net, frame, (uint32_t)len);
	rc = errno ? -errno : -EIO;
	if (sent >= 0 && (size_t)sent == len)
		return 0;
	fail(error, "%s", libnet_geterror(sender->net));
	return rc;
}
