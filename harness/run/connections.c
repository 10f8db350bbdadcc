/* connections: see connections.h. */
#include "run/connections.h"

#include <string.h>

void connections_open(struct connections *all, const struct plan *plan, struct arena *arena)
{
	*all = (struct connections){ .plan = plan, .arena = arena };
	for (int i = 0; i < plan->n_flows; i++) {
		struct connection *unmet = arena_alloc(arena, sizeof(*unmet));

		memcpy(unmet->told.port, plan->flows[i].port, sizeof(unmet->told.port));
		memcpy(unmet->wire.port, plan->flows[i].port, sizeof(unmet->wire.port));
		unmet->number = i;
		all->of_plan[i] = unmet;
	}
}

/* The same for both directions: an ICMP error quotes a packet of either. */
static unsigned int bucket_of(const struct packet *packet)
{
	return (packet->sport + packet->dport) % CONNECTION_BUCKETS;
}

/* The newest that owns the packet; NULL: none does. */
static struct connection *find(const struct connections *all, const struct seen *seen)
{
	struct connection *connection = all->buckets[bucket_of(&seen->packet)];

	while (connection && !flow_owns(&connection->wire, seen->from, &seen->packet))
		connection = connection->older;
	return connection;
}

/* The packet begins a connection. @before: the one on the same ports, or NULL */
static struct connection *begin(struct connections *all, const struct seen *seen,
				struct connection *before)
{
	struct connection *connection = arena_alloc(all->arena, sizeof(*connection));

	connection->begun = true;
	connection->number = NO_INDEX;
	connection->wire.port[seen->from] = seen->packet.sport;
	connection->wire.port[1 - seen->from] = seen->packet.dport;
	memcpy(connection->told.port, connection->wire.port, sizeof(connection->told.port));
	if (before)
		before->next = connection;
	connection->older = all->buckets[bucket_of(&seen->packet)];
	all->buckets[bucket_of(&seen->packet)] = connection;
	all->known = arena_grow(all->arena, all->known, all->n_known, sizeof(*all->known));
	all->known[all->n_known++] = connection;
	return connection;
}

struct connection *connection_of(struct connections *all, struct seen *seen)
{
	struct connection *found;

	if (seen->connection || seen->from == NO_INDEX)
		return seen->connection;
	found = find(all, seen);
	if (seen->packet.class == PACKET_TCP &&
	    (!found || flow_is_another(&found->wire, seen->from, &seen->packet)))
		found = begin(all, seen, found);
	seen->connection = found;
	return found;
}

static bool has_begun(const struct connections *all, int number)
{
	return all->of_plan[number]->begun;
}

/* The latest of that number, or the one after it that is nobody's yet. */
static struct connection *latest(const struct connections *all, int number)
{
	struct connection *connection = all->of_plan[number];

	while (connection->next && connection->next->number == NO_INDEX)
		connection = connection->next;
	return connection;
}

static bool ports_fit(const struct flow *wanted, const struct flow *flow)
{
	for (int host = 0; host < PLAN_HOSTS; host++)
		if (wanted->port[host] && wanted->port[host] != flow->port[host])
			return false;
	return true;
}

/* A SYN that nobody's connection has been told of: it may begin one on the ports of another, whatever
 * has become of that; a kernel may choose them again, now and then. */
static bool is_new_syn(const struct seen *seen)
{
	const struct packet *packet = &seen->packet;
	const struct stream *stream = &seen->connection->told.stream[seen->from];

	return (packet->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN && packet->seq != stream->isn;
}

bool connection_is_its(const struct connections *all, int number, const struct seen *seen)
{
	const struct connection *mine = latest(all, number);

	if (seen->from == NO_INDEX)
		return false;
	if (seen->packet.class != PACKET_TCP)
		return flow_owns(&mine->wire, seen->from, &seen->packet);
	if (has_begun(all, number))
		return seen->connection == mine || seen->connection->number == number;
	return ports_fit(&mine->wire, &seen->connection->wire) && seen->connection->number == NO_INDEX;
}

bool connection_may_take(const struct connections *all, int number, const struct seen *seen)
{
	const struct connection *mine = all->of_plan[number];

	if (seen->from == NO_INDEX)
		return false;
	if (seen->packet.class != PACKET_TCP)
		return flow_owns(&latest(all, number)->wire, seen->from, &seen->packet);
	if (has_begun(all, number))
		return flow_owns(&mine->wire, seen->from, &seen->packet);
	return ports_fit(&mine->wire, &seen->connection->wire) &&
	       (seen->connection->number == NO_INDEX || is_new_syn(seen));
}

/* What was forged in the name of a connection before that began: it may be quoted still. */
static void inherit_quotes(struct connections *all, struct connection *from, struct connection *to)
{
	for (size_t i = 0; i < from->n_quotes; i++) {
		to->quotes = arena_grow(all->arena, to->quotes, to->n_quotes, sizeof(*to->quotes));
		to->quotes[to->n_quotes++] = from->quotes[i];
	}
	from->n_quotes = 0;
}

struct connection *connection_take(struct connections *all, int number, struct seen *seen)
{
	struct connection *taken = connection_of(all, seen), *left = NULL;

	if (!taken || seen->packet.class != PACKET_TCP)
		return NULL;
	if (taken->number != NO_INDEX && taken->number != number && has_begun(all, number)) {
		taken = all->of_plan[number];
	} else if (taken->number != NO_INDEX && taken->number != number) {
		left = taken;
		taken = begin(all, seen, taken);
	}
	if (!has_begun(all, number))
		inherit_quotes(all, all->of_plan[number], taken);
	taken->number = number;
	all->of_plan[number] = taken;
	seen->connection = taken;
	return left;
}

struct connection *connection_meant(const struct connections *all, int number)
{
	struct connection *mine = latest(all, number);

	for (size_t i = all->n_known; !has_begun(all, number) && i-- > 0;)
		if (all->known[i]->number == NO_INDEX && ports_fit(&mine->wire, &all->known[i]->wire))
			return all->known[i];
	return mine;
}

const struct connection *connection_meant_with(const struct connections *all, int number,
					       const struct seen *seen)
{
	if (seen->packet.class == PACKET_TCP && seen->connection &&
	    (seen->connection->number == NO_INDEX || seen->connection->number == number))
		return seen->connection;
	return all->of_plan[number];
}

/* ---- quotes ---- */

static struct quote *find_quote(const struct connection *connection, const struct seen *seen, bool has_data)
{
	for (size_t i = 0; i < connection->n_quotes; i++) {
		struct quote *quote = &connection->quotes[i];

		if (quote->from == seen->from && quote->flags == seen->packet.flags &&
		    quote->has_data == has_data)
			return quote;
	}
	return NULL;
}

void connection_keep_quote(struct connections *all, const struct seen *seen, uint64_t order)
{
	struct connection *connection = seen->connection;
	bool has_data = seen->packet.payload_len > 0;
	struct quote *quote;

	if (seen->packet.class != PACKET_TCP || !connection)
		return;
	quote = find_quote(connection, seen, has_data);
	if (!quote) {
		connection->quotes = arena_grow(all->arena, connection->quotes, connection->n_quotes,
						sizeof(*connection->quotes));
		quote = &connection->quotes[connection->n_quotes++];
		*quote = (struct quote){ .from = seen->from, .flags = seen->packet.flags,
					 .has_data = has_data };
	}
	if (!quote->frame || seen->len > quote->room) {
		quote->room = 2 * seen->len; /* packets that grow leave little behind in the arena */
		quote->frame = arena_alloc(all->arena, quote->room);
	}
	memcpy(quote->frame, seen->frame, seen->len);
	quote->len = seen->len;
	quote->order = order;
}

static const struct quote *latest_quote(const struct connection *connection, int from, bool any_flags,
					bool with_data, uint16_t flags)
{
	const struct quote *latest_one = NULL;

	for (size_t i = 0; i < connection->n_quotes; i++) {
		const struct quote *quote = &connection->quotes[i];
		bool matches = with_data ? quote->has_data : any_flags || quote->flags == flags;

		if (quote->from == from && matches && (!latest_one || quote->order > latest_one->order))
			latest_one = quote;
	}
	return latest_one;
}

const struct quote *connection_quote(const struct connections *all, int number, int from, bool any_flags,
				     bool with_data, uint16_t flags)
{
	const struct quote *quote =
		latest_quote(connection_meant(all, number), from, any_flags, with_data, flags);

	/* what only rules have spoken of has none: nobody has looked at it */
	return quote ? quote
		     : latest_quote(all->of_plan[number], from, any_flags, with_data, flags);
}
