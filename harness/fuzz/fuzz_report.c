/* fuzz_report: every report drawn from whatever the event pipe's reader lets pass.
 *
 * The input is a byte of how the report is to look, and events (fuzz/events.h), which belong to
 * a plan that has something of everything. What is JSON is read back as such. */
#include "fuzz/events.h"
#include "lang/parse.h"
#include "plan/resolve.h"
#include "report/json.h"
#include "report/ladder.h"
#include "report/pcapng.h"
#include "report/text.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char scenario[] =
	"scenario \"fuzz\"\nhost client kernel\nhost server kernel\n"
	"server: listen 8080 as listener\nclient: connect server:8080 as conn\n"
	"expect SYN from client at 0s, 1s\ndrop SYN-ACK from server\n"
	"client: -> ETIMEDOUT\nclient: state -> CLOSED\nclient: info rtt -> < 1s\n"
	"client: sockets\nclient: poll POLLIN\nclient/reader: read 10\n"
	"drop all DATA from client\ncut wire\nclient: run \"cat x\" as cat\nwait 1s\n";

static void must(bool holds)
{
	if (!holds)
		abort();
}

static struct plan *make_plan(struct arena *arena)
{
	struct target target = { .ip = IP_V4, .kernel = { 6, 1 } };
	struct source *source = source_new(arena, "fuzz.scn", scenario, strlen(scenario));
	struct diags diags;

	diags_init(&diags, arena);

	struct tokens tokens = lex(arena, source, &diags);
	struct ast *ast = parse(arena, source, &tokens, &diags);
	struct plan *plan = resolve(ast, &target, &diags);

	must(plan && !diags.count);
	return plan;
}

static void read_record(struct record *record, const struct strbuf *stream)
{
	struct record_reader reader = RECORD_READER_INIT;
	int fds[2];

	must(pipe2(fds, O_CLOEXEC) == 0);
	must(write(fds[1], stream->text, stream->len) == (ssize_t)stream->len);
	record_reader_feed(&reader, fds[0], record);
	record_reader_free(&reader);
	close(fds[0]);
	close(fds[1]);
}

static void print_text(const struct plan *plan, const struct record *record, uint8_t look)
{
	const struct report_style style = { .color = look & 1, .unicode = look & 2, .width = look };
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	must(out);
	ladder_print(out, plan, record, &style);
	text_verdict(out, plan, record, &style);
	text_failure(out, plan, record, &style);
	fclose(out);
	must(len && text[len - 1] == '\n');
	free(text);
}

static void print_json(const struct plan *plan, const struct record *record)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	json_t *value;

	must(out);
	must(json_print(out, plan, record, NULL, NULL) == 0);
	fclose(out);
	value = json_loadb(text, len, JSON_ALLOW_NUL, NULL);
	must(value);
	json_decref(value);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	struct strbuf stream = STRBUF_INIT;
	uint8_t look = take(&input);
	struct record record;
	char error[256];

	add_events(&stream, &input);
	if (stream.len) {
		struct arena *arena = arena_new();
		struct plan *plan = make_plan(arena);

		record_init(&record);
		read_record(&record, &stream);
		print_text(plan, &record, look);
		print_json(plan, &record);
		pcapng_write("/dev/null", plan, &record, error, sizeof(error));
		record_free(&record);
		plan_free(plan);
		arena_free(arena);
	}
	strbuf_free(&stream);
	return 0;
}
