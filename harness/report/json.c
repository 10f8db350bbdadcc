/* json: see json.h. */
#include "report/json.h"

#include "plan/names.h"
#include "report/json_event.h"
#include "report/order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FORMAT_VERSION = 1 }; /* raised when a field changes its meaning or goes away */

static const char *verdict_name(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_NONE:    return "none";
	case VERDICT_PASSED:  return "passed";
	case VERDICT_FAILED:  return "failed";
	case VERDICT_SKIPPED: return "skipped";
	case VERDICT_ERROR:   return "error";
	}
	return NULL;
}

static void put_words(struct json_maker *maker, json_t *object, const char *key,
		      const char *const *words, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		put_item(maker, array, json_string(words[i]));
	put(maker, object, key, array);
}

static void put_hosts(struct json_maker *maker, json_t *object, const struct plan *plan)
{
	json_t *hosts = json_array();

	for (int i = 0; i < PLAN_HOSTS && plan->hosts[i].name; i++) {
		json_t *host = json_object();

		put_text(maker, host, "name", plan->hosts[i].name);
		put_text(maker, host, "kind",
			 plan->hosts[i].kind == HOST_KERNEL ? "kernel" : "crafted");
		put_item(maker, hosts, host);
	}
	put(maker, object, "hosts", hosts);
}

/* What was played. */
static void put_plan(struct json_maker *maker, json_t *object, const struct plan *plan)
{
	json_t *bindings = json_object();

	put_number(maker, object, "version", FORMAT_VERSION);
	put_text(maker, object, "scenario", plan->source ? plan->source->name : NULL);
	put_text(maker, object, "title", plan->title);
	put_text(maker, object, "variant", plan->variant);
	put_text(maker, object, "ip", ip_name(plan->ip));
	for (size_t i = 0; i < plan->n_bindings; i++)
		put_text(maker, bindings, plan->bindings[i].name, plan->bindings[i].value);
	put(maker, object, "bindings", bindings);
	put_words(maker, object, "rfcs", plan->rfcs, plan->n_rfcs);
	put_words(maker, object, "tags", plan->tags, plan->n_tags);
	put_hosts(maker, object, plan);
}

/* What it was played on. */
static void put_kernel(struct json_maker *maker, json_t *object, const struct json_kernel *kernel)
{
	put_text(maker, object, "kernel", kernel ? kernel->name : NULL);
	put_text(maker, object, "release", kernel ? kernel->release : NULL);
	put_text(maker, object, "time",
		 !kernel ? NULL : kernel->is_virtual ? "virtual" : "real");
}

/* What came of it. */
static void put_record(struct json_maker *maker, json_t *object, const struct plan *plan,
		       const struct record *record)
{
	json_t *events = json_array(), *failure = NULL;

	put_text(maker, object, "verdict", verdict_name(record->verdict));
	put_text(maker, object, "reason",
		 record->verdict == VERDICT_PASSED ? NULL : record_reason(plan, record));
	put_number(maker, object, "round", record->round ? record->round : 1);
	put_number(maker, object, "played_before", record->played_before);
	put_number(maker, object, "begin_ns", record->begin);
	put_number(maker, object, "duration_ns", record->duration);
	for (size_t i = 0; i < record->count; i++) {
		put_item(maker, events, json_event(maker, plan, record, i));
		if (!failure)
			failure = json_failure(maker, plan, record, i);
	}
	put(maker, object, "events", events);
	put(maker, object, "failure", failure ? failure : json_null());
}

/* Return: 0 or -errno. */
static int print_text(FILE *out, const char *text)
{
	errno = 0;
	if (fputs(text, out) < 0 || fputc('\n', out) == EOF || fflush(out) == EOF || ferror(out))
		return errno ? -errno : -EIO;
	return 0;
}

int json_print(FILE *out, const struct plan *plan, const struct record *record,
	       const struct json_kernel *kernel, const char *capture)
{
	struct json_maker maker = { false };
	json_t *object = json_object();
	char *text;
	int rc;

	put_plan(&maker, object, plan);
	put_kernel(&maker, object, kernel);
	put_record(&maker, object, plan, record);
	put_text(&maker, object, "capture", capture);
	text = maker.failed ? NULL : json_dumps(object, JSON_COMPACT);
	rc = text ? print_text(out, text) : -ENOMEM;
	free(text);
	json_decref(object);
	return rc;
}
