/* stage_open: setting a stage, and clearing it. See stage.h. */
#include "run/stage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

int stage_fail(struct stage *stage, int rc, const char *what, const char *why)
{
	snprintf(stage->error, sizeof(stage->error), "%s: %s", what, why);
	return rc;
}

/* Room for what a kernel sends while we are kept from looking: at 1500 bytes a frame 320 frames
 * for a crafted host, whose window is small, and 2600 between two kernels; frames of 64 KB need
 * more. The smaller, the faster a stage is set. */
static int ring_bytes(const struct plan *plan)
{
	bool crafted = plan->hosts[0].kind == HOST_CRAFTED || plan->hosts[1].kind == HOST_CRAFTED;

	if (plan->link_offload || plan->link_mtu > 9000)
		return 16 << 20;
	return crafted ? 512 << 10 : 4 << 20;
}

static int open_port(struct stage *stage, int host)
{
	const char *interface = stage->world.hosts[host].interface;
	struct port *port = &stage->ports[host];
	char why[CAPTURE_ERROR_LEN];

	port->capture = capture_open(interface, ring_bytes(stage->plan), why);
	if (!port->capture)
		return stage_fail(stage, -EIO, "cannot capture on the wire", why);
	port->sender = sender_open(interface, why);
	if (!port->sender)
		return stage_fail(stage, -EIO, "cannot send on the wire", why);
	return 0;
}

static int open_crafter(struct stage *stage)
{
	char why[CRAFT_ERROR_LEN];

	stage->crafter = crafter_new(why);
	return stage->crafter ? 0 : stage_fail(stage, -EIO, "cannot craft packets", why);
}

static bool asks_for_counters(const struct plan *plan, int host)
{
	for (int i = 0; i < plan->n_steps; i++) {
		const struct plan_question *question =
			plan->steps[i].kind == STEP_ASK ? plan->steps[i].question : NULL;

		if (question && question->id == ASK_COUNTER && question->host == host)
			return true;
	}
	return false;
}

/* What the kernel is asked by; we are in the host's namespace. */
static int open_questions(struct stage *stage, int host)
{
	stage->diags[host] = sockdiag_open();
	if (!stage->diags[host])
		return stage_fail(stage, -errno, "cannot ask the kernel for its sockets",
			    strerror(errno));
	if (!asks_for_counters(stage->plan, host))
		return 0;
	stage->counters[host] = snmp_open();
	if (!stage->counters[host])
		return stage_fail(stage, -errno, "cannot ask the kernel for its counters",
			    strerror(errno));
	return 0;
}

/* The probe gets ready while the captures open, which takes the kernel a grace period each. */
static int open_host(struct stage *stage, int host)
{
	char why[PROBE_ERROR_LEN];
	int rc = world_visit(&stage->world, host);

	if (rc < 0)
		return stage_fail(stage, rc, "cannot enter a host", strerror(-rc));
	rc = open_questions(stage, host);
	if (rc < 0)
		return rc;
	rc = world_visit(&stage->world, NO_INDEX);
	if (rc < 0)
		return stage_fail(stage, rc, "cannot return to the wire", strerror(-rc));
	rc = probe_start(&stage->home->probes[host], stage->plan, &stage->home->world,
			 &stage->world, host, why);
	if (rc < 0)
		return stage_fail(stage, rc, "cannot start the probe", why);
	return 0;
}

static int await_probe(struct stage *stage, int host)
{
	char why[PROBE_ERROR_LEN];
	int rc = probe_await(&stage->home->probes[host], why);

	return rc < 0 ? stage_fail(stage, rc, "cannot start the probe", why) : 0;
}

static void stage_init(struct stage *stage, const struct plan *plan, int events)
{
	stage->plan = plan;
	stage->events = events;
	stage->out = (struct strbuf)STRBUF_INIT;
	stage->world.wire = -1;
	for (int i = 0; i < PLAN_HOSTS; i++)
		stage->world.hosts[i].netns = -1;
	for (int i = 0; i < plan->n_callers; i++)
		stage->callers[i].step = NO_INDEX;
	programs_init(stage);
}

void stage_home_init(struct stage_home *home)
{
	home->world = (struct world_home)WORLD_HOME_NONE;
	for (int i = 0; i < PLAN_HOSTS; i++)
		probe_init(&home->probes[i]);
}

int stage_open(struct stage *stage, const struct plan *plan, struct stage_home *home, int events)
{
	static int (*const parts[])(struct stage *stage, int host) = {
		open_host, open_port, await_probe,
	};

	stage_init(stage, plan, events);
	stage->home = home;

	int rc = world_enter(&stage->world, plan, &home->world, stage->error);

	if (rc == 0)
		rc = open_crafter(stage);
	for (size_t k = 0; k < sizeof(parts) / sizeof(*parts); k++)
		for (int i = 0; rc == 0 && i < plan->n_hosts; i++)
			if (plan->hosts[i].kind == HOST_KERNEL)
				rc = parts[k](stage, i);
	stage->set = rc == 0;
	return rc;
}

/* What no process owns any more would keep its namespace for minutes, retransmitting. */
static void abort_orphans(struct stage *stage, int host)
{
	struct sock_list list = { .count = 0 };

	if (stage->plan->n_programs == 0 || !stage->diags[host] ||
	    sockdiag_list(stage->diags[host], &list) < 0)
		return;
	for (size_t i = 0; i < list.count; i++)
		sockdiag_abort(stage->diags[host], &list.items[i].local, &list.items[i].remote);
	sock_list_free(&list);
}

/* A socket that lingers would keep its caller from leaving. */
static bool lingers(const struct plan *plan)
{
	for (int i = 0; i < plan->n_steps; i++) {
		const struct plan_call *call =
			plan->steps[i].kind == STEP_CALL ? plan->steps[i].call : NULL;

		if (call && call->id == CALL_SETSOCKOPT && call->args[0] == SOL_SOCKET &&
		    call->args[1] == SO_LINGER)
			return true;
	}
	return false;
}

/* A probe that still makes a call, or was not heard of, is of no use for the next world. */
static void send_home(struct stage *stage, int host)
{
	bool can = stage->set && !lingers(stage->plan);

	for (int i = 0; i < stage->plan->n_callers; i++)
		can &= stage->plan->callers[i].host != host || !stage->callers[i].running;
	if (can)
		probe_leave(&stage->home->probes[host]);
	else
		probe_stop(&stage->home->probes[host]);
}

static void close_hosts(struct stage *stage)
{
	for (int i = 0; i < stage->plan->n_hosts; i++)
		send_home(stage, i);
	programs_close(stage);
	for (int i = 0; i < PLAN_HOSTS; i++) {
		abort_orphans(stage, i);
		sockdiag_close(stage->diags[i]);
		snmp_close(stage->counters[i]);
	}
	world_leave(&stage->world, &stage->home->world);
}

void stage_close(struct stage *stage)
{
	close_hosts(stage);
	for (int i = 0; i < PLAN_HOSTS; i++) {
		sender_close(stage->ports[i].sender);
		capture_close(stage->ports[i].capture);
		seen_free(&stage->ports[i].unseen);
		free(stage->ports[i].last_sent);
	}
	for (int i = 0; i < stage->plan->n_callers; i++)
		free(stage->callers[i].data);
	crafter_free(stage->crafter);
	seen_free(&stage->arrived);
	strbuf_free(&stage->out);
}
