/* player: see player.h.
 *
 * The gate is a pair of SOCK_SEQPACKET: an order is a message, the word to go is one, and so
 * is the answer that the world is torn down. It is a socket, so that a word to one who has died is
 * an error and no SIGPIPE. Its end of file means that nobody waits any more.
 */
#include "run/player.h"

#include "base/processor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* The plan was there before the player was: its address means the same in both. */
struct order {
	const struct plan *plan;
};

static const char cleared = 'c';

/* ---- the process ---- */

struct player_args {
	const struct player_setup *setup;
	size_t processor;
	struct engine_pipes pipes;
};

/* The other players' pipes, inherited by fork, would keep them from ever ending. */
static void close_all_but(int first, int second)
{
	int low = first < second ? first : second;
	int high = first < second ? second : first;

	close_range(3, (unsigned int)low - 1, 0);
	if (low + 1 < high)
		close_range((unsigned int)low + 1, (unsigned int)high - 1, 0);
	close_range((unsigned int)high + 1, ~0U, 0);
}

/* The kernel queues a packet on the processor that sends it; on two processors' queues packets
 * overtake one another, and the wire would reorder what nobody told it to. */
static void settle(const struct player_args *args)
{
	const cpu_set_t processors = processor_allowed();

	processor_keep_to(&processors, (int)args->processor);
	signal(SIGPIPE, SIG_IGN); /* a suite that is gone kills us anyway */
	signal(SIGINT, SIG_IGN);  /* the terminal's ^C is the suite's affair: we die with it */
	prctl(PR_SET_TIMERSLACK, 1); /* timed sends leave when they are due */
	close_all_but(args->pipes.events, args->pipes.gate);
	if (args->setup->files.rlim_max)
		setrlimit(RLIMIT_NOFILE, &args->setup->files);
}

static int player_main(void *arg)
{
	struct player_args *args = arg;
	struct engine_pipes *pipes = &args->pipes;
	struct order order;
	int status;

	settle(args);
	pipes->engine = engine_new();
	if (!pipes->engine)
		return 1;
	while (recv(pipes->gate, &order, sizeof(order), 0) == sizeof(order)) {
		status = args->setup->play(order.plan, pipes);
		if (status != 0 || send(pipes->gate, &cleared, 1, MSG_NOSIGNAL) != 1)
			return status;
	}
	return 0;
}

/* ---- the suite's side ---- */

static void close_pair(const int fds[2])
{
	close(fds[0]);
	close(fds[1]);
}

/* The pipe of events, and the gate. Return: 0 or -errno. */
static int open_pipes(int events[2], int gate[2])
{
	int rc;

	if (pipe2(events, O_CLOEXEC) < 0)
		return -errno;
	fcntl(events[1], F_SETFL, O_NONBLOCK); /* we hold no engine up: see record_offer() */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, gate) < 0) {
		rc = -errno;
		close_pair(events);
		return rc;
	}
	return 0;
}

int player_start(struct player *player, const struct player_setup *setup, size_t processor)
{
	struct player_args args = { .setup = setup, .processor = processor };
	int events[2] = { -1, -1 }, gate[2] = { -1, -1 };
	int rc = open_pipes(events, gate);

	*player = (struct player){
		.processor = processor, .child = CHILD_NONE, .reader = RECORD_READER_INIT,
	};
	if (rc < 0)
		return rc;
	args.pipes = (struct engine_pipes){ .events = events[1], .gate = gate[0] };
	rc = child_start(&player->child, player_main, &args);
	close(events[1]);
	close(gate[0]);
	if (rc < 0) {
		close(events[0]);
		close(gate[1]);
		return rc;
	}
	player->phase = PLAYER_IDLE;
	player->events = events[0];
	player->gate = gate[1];
	return 0;
}

bool player_order(struct player *player, struct suite_job *job, size_t turn)
{
	const struct order order = { job->plan };

	if (send(player->gate, &order, sizeof(order), MSG_NOSIGNAL) < 0)
		return false;
	player->phase = PLAYER_SETTING;
	player->job = job;
	player->turn = turn;
	return true;
}

void player_go(struct player *player)
{
	player->phase = PLAYER_PLAYING;
	send(player->gate, "g", 1, MSG_NOSIGNAL); /* it has died? its pipe will say so */
}

void player_dismiss(struct player *player)
{
	player->last = true;
	shutdown(player->gate, SHUT_WR);
}

int player_fd(const struct player *player)
{
	return player->phase == PLAYER_CLEARING ? player->gate : player->events;
}

bool player_cleared(struct player *player)
{
	char word;

	if (recv(player->gate, &word, 1, 0) != 1)
		return false;
	player->phase = PLAYER_IDLE;
	return true;
}

struct child player_part(struct player *player)
{
	const struct child child = player->child;

	close(player->events);
	close(player->gate);
	record_reader_free(&player->reader);
	player->phase = PLAYER_NONE;
	return child;
}

void player_kill(struct player *player)
{
	struct child child = player_part(player);

	child_kill(&child);
}
