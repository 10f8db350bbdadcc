/* fuzz_syscall: any memory and any arguments of a program's socket calls: read and shown.
 *
 * The input is a number of a call, whether it has returned, a return value and six arguments
 * (struct head), then the program's memory, which begins at address BASE. What is handed over
 * is never more than was asked for and was there, from memory of exactly that size. */
#include "base/strbuf.h"
#include "peer/syscall.h"
#include "plan/program_names.h"
#include "run/program_text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BASE = 4096 };

struct head {
	uint8_t number, returned;
	int16_t ret;
	int64_t args[TRACED_ARGS - 1]; /* of the first, which is the descriptor, nothing hangs */
};

struct image {
	struct memory memory;
	const uint8_t *bytes;
	size_t len;
};

static void must(bool holds)
{
	if (!holds)
		abort();
}

static size_t read_image(const struct memory *memory, uint64_t from, void *to, size_t len)
{
	const struct image *image = (const struct image *)memory;
	size_t there;

	must(from && len);
	if (from < BASE || from - BASE >= image->len)
		return 0;
	there = image->len - (size_t)(from - BASE);
	if (len > there)
		len = there;
	memcpy(to, image->bytes + (from - BASE), len);
	return len;
}

/* In words, the result too. */
static void show(const struct traced_call *call)
{
	static const char *const argv[] = { "prog", NULL };
	struct plan_program programs[] = { { .argv = argv } };
	struct plan plan = { .programs = programs, .n_programs = 1,
			     .hosts = { { .name = "client" }, { .name = "server" } } };
	struct strbuf text = STRBUF_INIT;
	const char *end;

	traced_call_text(&plan, call, &text);
	end = strbuf_text(&text);
	must(strstr(end, syscall_name(call->id)) == end && end[strlen(end) - 1] == ')');
	strbuf_clear(&text);
	traced_result_text(call, &text);
	must(strbuf_text(&text)[0]);
	strbuf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct head head;
	size_t count;
	const struct shape *shapes = syscall_shapes(&count), *shape;
	struct traced_call call = { .number = 1, .tid = 2, .args = { 3 } };

	if (size < sizeof(head))
		return 0;
	memcpy(&head, data, sizeof(head));
	shape = &shapes[head.number % count];

	struct image image = { { .read = read_image }, data + sizeof(head), size - sizeof(head) };

	call.id = shape->id;
	memcpy(call.args + 1, head.args, sizeof(head.args));
	syscall_look(shape, &image.memory, &call);
	show(&call);
	if (head.returned & 1) {
		call.returned = true;
		call.ret = head.ret < 0 ? -1 : head.ret;
		call.err = head.ret < 0 ? -head.ret : 0;
		syscall_look(shape, &image.memory, &call);
		show(&call);
	}
	must(call.data_len <= TRACED_DATA_MAX);
	return 0;
}
