/* ethtool: what a veth must not do behind the wire's back (SIOCETHTOOL). */
#ifndef TCPSCEN_WORLD_ETHTOOL_H
#define TCPSCEN_WORLD_ETHTOOL_H

/* Turn all offloads of @interface off, so that a capture shows the segments and the
 * checksums that a real cable would carry.
 * @ctl: any socket of the interface's namespace
 * Return: 0, or -errno. */
int ethtool_plain(int ctl, const char *interface);

/* Take note now of a carrier that has just come (the kernel does so in a work queue, and
 * discards what is sent before). Return: 0, or -errno. */
int ethtool_settle(int ctl, const char *interface);

#endif
