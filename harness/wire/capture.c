/* capture: what is on the wire, when. The only file that knows libpcap.
 *
 * Immediate mode makes libpcap use TPACKET_V2: a ring of slots of one size, one frame in each. It
 * cuts the slots to the interface's MTU when its offloads are off, so the snapshot length may be
 * that of the longest frame there is: with MTU 1500 a ring of 2 MiB holds over 1300 frames, small
 * or large. With offloads on, or an MTU near 64 KB, the same ring holds 32: whoever opens such an
 * interface asks for a larger one.
 *
 * Frames that were sent from this interface are seen as well as those received. A frame comes with
 * as many bytes as were captured.
 *
 * libpcap asks with a system call whether a frame is there only when the ring is empty; one call
 * reads all there are.
 */
#include "wire/capture.h"

#include "base/clock.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

struct capture {
	pcap_t *pcap; /* (owned) */
	bool live;
};

static struct capture *wrap(pcap_t *pcap, bool live, char error[CAPTURE_ERROR_LEN])
{
	struct capture *capture = calloc(1, sizeof(*capture));

	if (!capture) {
		snprintf(error, CAPTURE_ERROR_LEN, "no memory");
		pcap_close(pcap);
		return NULL;
	}
	capture->pcap = pcap;
	capture->live = live;
	return capture;
}

/* Set all that must be set before activation. These fail only on an active handle. */
static void configure(pcap_t *pcap, int buffer)
{
	pcap_set_snaplen(pcap, FRAME_MAX);
	pcap_set_immediate_mode(pcap, 1);
	pcap_set_buffer_size(pcap, buffer);
	pcap_set_tstamp_precision(pcap, PCAP_TSTAMP_PRECISION_NANO);
}

static int activate(pcap_t *pcap, const char *interface, char error[CAPTURE_ERROR_LEN])
{
	char why[PCAP_ERRBUF_SIZE] = "";
	int rc = pcap_activate(pcap);

	if (rc < 0) {
		snprintf(error, CAPTURE_ERROR_LEN, "%s: %s: %s", interface, pcap_statustostr(rc),
			 pcap_geterr(pcap));
		return -1;
	}
	if (pcap_get_tstamp_precision(pcap) != PCAP_TSTAMP_PRECISION_NANO) {
		snprintf(error, CAPTURE_ERROR_LEN, "%s: no nanosecond timestamps", interface);
		return -1;
	}
	if (pcap_datalink(pcap) != DLT_EN10MB) {
		snprintf(error, CAPTURE_ERROR_LEN, "%s: not an Ethernet interface", interface);
		return -1;
	}
	if (pcap_setnonblock(pcap, 1, why) < 0) {
		snprintf(error, CAPTURE_ERROR_LEN, "%s: %s", interface, why);
		return -1;
	}
	return 0;
}

struct capture *capture_open(const char *interface, int buffer, char error[CAPTURE_ERROR_LEN])
{
	char why[PCAP_ERRBUF_SIZE] = "";
	pcap_t *pcap = pcap_create(interface, why);

	if (!pcap) {
		snprintf(error, CAPTURE_ERROR_LEN, "%s: %s", interface, why);
		return NULL;
	}
	configure(pcap, buffer);
	if (activate(pcap, interface, error) < 0) {
		pcap_close(pcap);
		return NULL;
	}
	return wrap(pcap, true, error);
}

struct capture *capture_open_file(const char *path, char error[CAPTURE_ERROR_LEN])
{
	char why[PCAP_ERRBUF_SIZE] = "";
	pcap_t *pcap = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO,
							       why);

	if (!pcap) {
		snprintf(error, CAPTURE_ERROR_LEN, "%s", why);
		return NULL;
	}
	if (pcap_datalink(pcap) != DLT_EN10MB) {
		snprintf(error, CAPTURE_ERROR_LEN, "%s: not a capture of Ethernet frames", path);
		pcap_close(pcap);
		return NULL;
	}
	return wrap(pcap, false, error);
}

void capture_close(struct capture *capture)
{
	if (!capture)
		return;
	pcap_close(capture->pcap);
	free(capture);
}

/* It is of no use to them, and its 4 KiB pages need not be entered in their tables one by one. User
 * Mode Linux, from 6.11 on, enters wrong pages there when a slot is larger than two of them, and dies
 * of it (set_ptes() of arch/um adds the number of pages that are left, instead of one). libpcap does
 * not tell where the ring is. */
void capture_keep_from_children(const struct capture *capture)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long from, to;
	char line[512], name[64];
	struct stat ring;

	if (maps && fstat(pcap_fileno(capture->pcap), &ring) == 0) {
		snprintf(name, sizeof(name), "socket:[%ju]\n", (uintmax_t)ring.st_ino);
		while (fgets(line, sizeof(line), maps))
			/* NOLINTNEXTLINE(cert-err34-c): the kernel writes numbers */
			if (strstr(line, name) && sscanf(line, "%lx-%lx", &from, &to) == 2)
				madvise((void *)from, to - from, MADV_DONTFORK); /* at best */
	}
	if (maps)
		fclose(maps);
}

int capture_fd(const struct capture *capture)
{
	return capture->live ? pcap_get_selectable_fd(capture->pcap) : -1;
}

struct reading {
	capture_taker *take;
	void *context;
};

/* NOLINTNEXTLINE(readability-non-const-parameter): a pcap_handler */
static void take_frame(u_char *arg, const struct pcap_pkthdr *header, const u_char *bytes)
{
	const struct reading *reading = (const struct reading *)arg;

	/* tv_usec holds nanoseconds */
	reading->take(reading->context, bytes, header->caplen,
		      header->ts.tv_sec * NS_PER_S + header->ts.tv_usec);
}

int capture_read(struct capture *capture, capture_taker *take, void *context,
		 char error[CAPTURE_ERROR_LEN])
{
	struct reading reading = { take, context };
	int n = pcap_dispatch(capture->pcap, -1, take_frame, (u_char *)&reading);

	if (n >= 0)
		return n;
	snprintf(error, CAPTURE_ERROR_LEN, "%s", pcap_geterr(capture->pcap));
	return -1;
}

int64_t capture_lost(struct capture *capture)
{
	struct pcap_stat stat;

	if (!capture->live || pcap_stats(capture->pcap, &stat) < 0)
		return 0;
	return stat.ps_drop;
}
