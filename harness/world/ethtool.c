/* ethtool: see ethtool.h. */
#include "world/ethtool.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>

static int ethtool(int ctl, const char *interface, struct ethtool_value *value)
{
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	request.ifr_data = (void *)value;
	return ioctl(ctl, SIOCETHTOOL, &request) < 0 ? -errno : 0;
}

int ethtool_plain(int ctl, const char *interface)
{
	static const uint32_t offloads[] = {
		ETHTOOL_STXCSUM, /* scatter-gather and TSO need it and go with it */
		ETHTOOL_SRXCSUM,
		ETHTOOL_SGSO,
		ETHTOOL_SGRO,
	};
	int rc;

	for (size_t i = 0; i < sizeof(offloads) / sizeof(*offloads); i++) {
		struct ethtool_value off = { .cmd = offloads[i], .data = 0 };

		rc = ethtool(ctl, interface, &off);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* ETHTOOL_GLINK processes the link's pending carrier event before it answers. */
int ethtool_settle(int ctl, const char *interface)
{
	struct ethtool_value link = { .cmd = ETHTOOL_GLINK };
	int rc = ethtool(ctl, interface, &link);

	if (rc < 0)
		return rc;
	return link.data ? 0 : -ENETDOWN;
}
