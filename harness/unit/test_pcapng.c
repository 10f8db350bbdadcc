/* test_pcapng: capture files as tshark and tcpdump read them, and how they come into being. */
#include "report/pcapng.h"
#include "unit/sample.h"

#include "base/strbuf.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { ERROR_LEN = 256 };

struct folder {
	char path[64];
	char file[96];
};

static int make_folder(void **state)
{
	struct folder *folder = calloc(1, sizeof(*folder));

	strcpy(folder->path, "/tmp/tcpscen-pcapng-XXXXXX");
	if (!mkdtemp(folder->path)) {
		free(folder);
		return -1;
	}
	snprintf(folder->file, sizeof(folder->file), "%s/x.pcapng", folder->path);
	*state = folder;
	return 0;
}

static int remove_folder(void **state)
{
	struct folder *folder = *state;

	unlink(folder->file);
	rmdir(folder->path);
	free(folder);
	return 0;
}

/* Names in the folder. */
static int count_files(const struct folder *folder)
{
	DIR *dir = opendir(folder->path);
	int count = 0;

	for (struct dirent *entry; (entry = readdir(dir));)
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

static void write_sample(const char *path, bool fails)
{
	struct sample sample;
	char error[ERROR_LEN];

	sample_rst_after_fin(&sample, fails);
	assert_int_equal(pcapng_write(path, &sample.plan, &sample.record, error, ERROR_LEN), 0);
	sample_close(&sample);
}

static bool is_installed(const char *tool)
{
	char command[64];

	snprintf(command, sizeof(command), "command -v %s >/dev/null 2>&1", tool);
	return system(command) == 0;
}

/* Run a command, its errors last. Return: what it printed, to be freed by strbuf_free. */
static struct strbuf run(const char *format, const char *file)
{
	struct strbuf out = STRBUF_INIT;
	char command[512], chunk[512];
	size_t n;

	snprintf(command, sizeof(command), format, file);

	FILE *pipe = popen(command, "r");

	assert_non_null(pipe);
	while ((n = fread(chunk, 1, sizeof(chunk), pipe)) > 0)
		strbuf_add(&out, chunk, n);
	assert_int_equal(pclose(pipe), 0);
	return out;
}

/* tshark's warning to root and tcpdump's greeting, which come whatever the file is. */
#define NO_NEWS " | grep -v -e '^Running as user' -e '^reading from file' || true"

static void tshark_reads_it(void **state)
{
	const struct folder *folder = *state;

	if (!is_installed("tshark"))
		skip();
	write_sample(folder->file, true);

	struct strbuf warnings = run("tshark -r %s 2>&1 >/dev/null" NO_NEWS, folder->file);
	struct strbuf comments = run("tshark -r %s -T fields -E separator='|' -e frame.time_epoch "
				     "-e frame.interface_name -e frame.comment 2>/dev/null",
				     folder->file);

	assert_string_equal(strbuf_text(&warnings), "");
	assert_string_equal(strbuf_text(&comments),
		"1700000000.000041000|wire|line 5: expect SYN from client\n"
		"1700000000.000102000|wire|line 6: send SYN-ACK from server\n"
		"1700000000.000131000|wire|line 7: expect ACK from client\n"
		"1700000000.000200000|wire|line 9: send FIN-ACK from server\n"
		"1700000000.000260000|wire|line 10: expect ACK from client\n"
		"1700000000.000520000|wire|line 13: expect PSH-ACK from client data \"one\"\n"
		"1700000000.000733000|wire|unexpected at line 14: expect RST from client\n");
	strbuf_free(&warnings);
	strbuf_free(&comments);
}

static void tcpdump_reads_it(void **state)
{
	const struct folder *folder = *state;

	if (!is_installed("tcpdump"))
		skip();
	write_sample(folder->file, false);

	struct strbuf warnings = run("tcpdump -nr %s 2>&1 >/dev/null" NO_NEWS, folder->file);
	struct strbuf packets = run("tcpdump -nvr %s 2>/dev/null", folder->file);

	assert_string_equal(strbuf_text(&warnings), "");
	assert_non_null(strstr(strbuf_text(&packets), "options [mss 1460,sackOK"));
	assert_null(strstr(strbuf_text(&packets), "incorrect"));
	assert_null(strstr(strbuf_text(&packets), "bad cksum"));
	strbuf_free(&warnings);
	strbuf_free(&packets);
}

static void title_is_the_files_comment(void **state)
{
	const struct folder *folder = *state;

	if (!is_installed("capinfos"))
		skip();
	write_sample(folder->file, false);

	struct strbuf infos = run("capinfos %s 2>/dev/null", folder->file);

	assert_non_null(strstr(strbuf_text(&infos), "A write after FIN and RST fails with EPIPE"));
	assert_non_null(strstr(strbuf_text(&infos), "tcpscen"));
	assert_non_null(strstr(strbuf_text(&infos), "nanoseconds (9)"));
	strbuf_free(&infos);
}

/* Frames of every length (padding!), no title, lost frames. */
static void tshark_reads_odd_ones(void **state)
{
	const struct folder *folder = *state;
	struct sample sample;
	struct sample_packet like = { .from = NO_INDEX, .fate = FATE_UNEXPECTED, .step = NO_INDEX };
	uint8_t frame[70] = { 0 };
	char error[ERROR_LEN];

	if (!is_installed("tshark"))
		skip();
	sample_open(&sample, "scenario \"x\"\n", NULL);
	sample_begin(&sample);
	for (size_t len = 0; len <= sizeof(frame); len++) {
		like.us = (int64_t)len;
		sample_frame(&sample, &like, frame, len);
	}
	sample_end(&sample, 100, VERDICT_ERROR, "frames were lost");
	sample.record.events[sample.record.count - 1].u.end.frames_lost = 3;
	assert_int_equal(pcapng_write(folder->file, &sample.plan, &sample.record, error, ERROR_LEN),
			 0);
	sample_close(&sample);

	struct strbuf warnings = run("tshark -r %s 2>&1 >/dev/null" NO_NEWS, folder->file);
	struct strbuf count = run("tshark -r %s 2>/dev/null | wc -l", folder->file);

	assert_string_equal(strbuf_text(&warnings), "");
	assert_int_equal(atoi(strbuf_text(&count)), sizeof(frame) + 1);
	strbuf_free(&warnings);
	strbuf_free(&count);
}

/* ---- the file ---- */

static void replaces_what_was_there(void **state)
{
	const struct folder *folder = *state;
	struct stat before, after;

	write_sample(folder->file, false);
	assert_int_equal(stat(folder->file, &before), 0);
	write_sample(folder->file, true);
	assert_int_equal(stat(folder->file, &after), 0);
	assert_true(before.st_ino != after.st_ino);
	assert_int_equal(count_files(folder), 1);
	assert_int_equal(after.st_mode & 0777, 0666 & ~umask(022));
}

static void writes_into_what_is_no_file(void **state)
{
	struct stat before, after;

	(void)state;
	assert_int_equal(stat("/dev/null", &before), 0);
	write_sample("/dev/null", false);
	assert_int_equal(stat("/dev/null", &after), 0);
	assert_true(S_ISCHR(after.st_mode) && before.st_ino == after.st_ino);
}

static void tells_what_failed(void **state)
{
	const struct folder *folder = *state;
	struct sample sample;
	char path[128], error[ERROR_LEN];

	sample_rst_after_fin(&sample, false);
	snprintf(path, sizeof(path), "%s/none/x.pcapng", folder->path);
	assert_int_equal(pcapng_write(path, &sample.plan, &sample.record, error, ERROR_LEN),
			 -ENOENT);
	assert_non_null(strstr(error, path));
	assert_non_null(strstr(error, "No such file or directory"));
	assert_int_equal(pcapng_write(folder->path, &sample.plan, &sample.record, error, ERROR_LEN),
			 -EISDIR);
	assert_int_equal(pcapng_write("/dev/full", &sample.plan, &sample.record, error, ERROR_LEN),
			 -ENOSPC);
	assert_int_equal(pcapng_write("/proc/x.pcapng", &sample.plan, &sample.record, error,
				      ERROR_LEN), -ENOENT);
	assert_int_equal(count_files(folder), 0);
	sample_close(&sample);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tshark_reads_it, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(tcpdump_reads_it, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(title_is_the_files_comment, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(tshark_reads_odd_ones, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(replaces_what_was_there, make_folder,
						remove_folder),
		cmocka_unit_test(writes_into_what_is_no_file),
		cmocka_unit_test_setup_teardown(tells_what_failed, make_folder, remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
