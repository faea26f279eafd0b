#include "flame.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK_MOST 128
#define NAME_MOST 200
#define WIDTH 1200
#define ROW 18
#define LEAST 0.6 /* narrower rectangles are left out */
#define HERTZ "99"

static void *memory(void *at)
{
	if (!at)
		abort();
	return at;
}

/* --- stacks --- */

static struct flame *child_of(struct flame *parent, const char *name)
{
	size_t low = 0, high = parent->child_count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(name, parent->children[middle].name);
		if (!order)
			return &parent->children[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	if (parent->child_count == parent->room) {
		parent->room = parent->room ? 2 * parent->room : 4;
		parent->children = memory(realloc(parent->children, parent->room * sizeof *parent->children));
	}
	memmove(&parent->children[low + 1], &parent->children[low], (parent->child_count - low) * sizeof *parent->children);
	parent->child_count++;
	parent->children[low] = (struct flame){.name = memory(strdup(name))};
	return &parent->children[low];
}

/* "    7f3c1a2b pg_run+0x1a (/usr/libexec/stoa/stoa-widget)": what is between the address and the file. */
static bool frame_name(const char *line, char name[NAME_MOST])
{
	const char *at = line + strspn(line, " \t");
	size_t digits = strspn(at, "0123456789abcdef");
	if (at == line || !digits || at[digits] != ' ')
		return false;
	at += digits + 1;
	size_t length = strcspn(at, "\n");
	const char *file = memchr(at, '(', length), *offset;
	for (const char *next = file; next && next < at + length; next = memchr(next + 1, '(', (size_t)(at + length - next - 1)))
		file = next;
	if (file && file > at)
		length = (size_t)(file - at) - 1;
	for (offset = at + length; offset > at && *offset != '+'; offset--)
		;
	if (offset > at && !strncmp(offset, "+0x", 3))
		length = (size_t)(offset - at);
	snprintf(name, NAME_MOST, "%.*s", (int)(length < NAME_MOST ? length : NAME_MOST - 1), at);
	return *name != '\0';
}

static void stack_add(struct flame *root, char stack[][NAME_MOST], int depth)
{
	struct flame *at = root;
	root->count++;
	while (depth-- > 0) {
		at = child_of(at, stack[depth]);
		at->count++;
	}
}

uint64_t flame_read(FILE *script, struct flame *root)
{
	static char stack[STACK_MOST][NAME_MOST];
	char *line = NULL;
	size_t room = 0;
	uint64_t samples = 0;
	int depth = 0;
	while (getline(&line, &room, script) > 0) {
		if (depth < STACK_MOST && frame_name(line, stack[depth])) {
			depth++;
		} else if (line[strspn(line, " \t\n")] == '\0' && depth) {
			stack_add(root, stack, depth);
			samples++;
			depth = 0;
		}
	}
	if (depth) {
		stack_add(root, stack, depth);
		samples++;
	}
	free(line);
	return samples;
}

void flame_free(struct flame *root)
{
	for (size_t i = 0; i < root->child_count; i++)
		flame_free(&root->children[i]);
	free(root->children);
	free(root->name);
	*root = (struct flame){0};
}

/* --- the picture --- */

static int depth_of(const struct flame *at)
{
	int most = 0;
	for (size_t i = 0; i < at->child_count; i++) {
		int depth = depth_of(&at->children[i]);
		most = depth > most ? depth : most;
	}
	return most + 1;
}

/* The same name has the same warm colour wherever it stands. */
static unsigned colour_of(const char *name)
{
	uint32_t hash = 2166136261u;
	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	return (205u + hash % 50) << 16 | (80u + hash / 50 % 120) << 8 | (hash / 6000 % 50);
}

struct drawing {
	struct buffer *out;
	uint64_t whole;
	int height;
};

static void draw(const struct drawing *drawing, const struct flame *at, double x, int depth)
{
	double unit = (double)WIDTH / (double)drawing->whole, width = (double)at->count * unit;
	const char *name = at->name ? at->name : "all";
	int y = drawing->height - (depth + 1) * ROW, letters = (int)(width / 7);
	if (width < LEAST)
		return;
	buffer_printf(drawing->out, "<g><title>");
	buffer_html(drawing->out, name, strlen(name));
	buffer_printf(drawing->out, " (%llu samples, %.1f %%)</title><rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"#%06x\"/>",
		(unsigned long long)at->count, 100 * (double)at->count / (double)drawing->whole, x, y, width, ROW - 1, colour_of(name));
	if (letters > 3) {
		buffer_printf(drawing->out, "<text x=\"%.1f\" y=\"%d\">", x + 3, y + ROW - 5);
		buffer_html(drawing->out, name, strlen(name) < (size_t)letters ? strlen(name) : (size_t)letters);
		buffer_text(drawing->out, "</text>");
	}
	buffer_text(drawing->out, "</g>\n");
	for (size_t i = 0; i < at->child_count; i++) {
		draw(drawing, &at->children[i], x, depth + 1);
		x += (double)at->children[i].count * unit;
	}
}

void flame_svg(const struct flame *root, const char *title, struct buffer *out)
{
	struct drawing drawing = {out, root->count ? root->count : 1, (depth_of(root) + 2) * ROW};
	buffer_printf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"monospace\" font-size=\"11\">\n<title>", WIDTH,
		drawing.height);
	buffer_html(out, title, strlen(title));
	buffer_printf(out, "</title>\n<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n<text x=\"6\" y=\"%d\" font-size=\"14\">", WIDTH, drawing.height, ROW - 3);
	buffer_html(out, title, strlen(title));
	buffer_text(out, "</text>\n");
	draw(&drawing, root, 0, 0);
	buffer_text(out, "</svg>\n");
}

/* --- perf --- */

/* Runs perf with its output in the descriptor `to`, and what it complains of in a file; its exit status, or -1. */
static int perf_run(char *const *argv, int to, int complaints)
{
	int status;
	pid_t child = fork();
	if (child < 0)
		return -1;
	if (!child) {
		dup2(to, STDOUT_FILENO);
		dup2(complaints, STDERR_FILENO);
		execvp(argv[0], argv);
		_exit(127);
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The first line of perf's complaint that says something. */
static void complaint_read(FILE *complaints, int status, char message_out[256])
{
	char line[200];
	snprintf(message_out, 256, status == 127 ? "perf is not installed (Debian: linux-perf)" : "perf ended with %d", status);
	rewind(complaints);
	while (status != 127 && fgets(line, sizeof line, complaints)) {
		line[strcspn(line, "\n")] = '\0';
		if (!*line || line[strspn(line, " \t-")] == '\0' || !strcmp(line, "Error:"))
			continue;
		snprintf(message_out, 256, "perf: %s", line);
		return;
	}
}

static bool svg_write(struct flame *root, uint64_t samples, int seconds, const char *path, char message_out[256])
{
	struct buffer svg = {0};
	char title[120];
	snprintf(title, sizeof title, "Stoa: %llu samples of %s a second, %d s", (unsigned long long)samples, HERTZ, seconds);
	flame_svg(root, title, &svg);
	FILE *file = fopen(path, "we");
	bool done = file && fwrite(svg.data, 1, svg.length, file) == svg.length;
	done = file && !fclose(file) && done;
	if (!done)
		snprintf(message_out, 256, "%.200s: %s", path, strerror(errno));
	buffer_free(&svg);
	return done;
}

static bool stacks_read(const char *data, FILE *complaints, int seconds, const char *path, char message_out[256])
{
	char *const argv[] = {"perf", "script", "-i", (char *)data, NULL};
	FILE *script = tmpfile();
	struct flame root = {0};
	int status = script ? perf_run(argv, fileno(script), fileno(complaints)) : -1;
	uint64_t samples = 0;
	bool done = false;
	if (!status) {
		rewind(script);
		samples = flame_read(script, &root);
	}
	if (status)
		complaint_read(complaints, status, message_out);
	else if (!samples)
		snprintf(message_out, 256, "perf took no samples: the responders did nothing in these %d s", seconds);
	else
		done = svg_write(&root, samples, seconds, path, message_out);
	flame_free(&root);
	if (script)
		fclose(script);
	return done;
}

bool flame_record(const int *pids, int count, int seconds, const char *path, char message_out[256])
{
	char data[] = "/tmp/stoa-perf.XXXXXX", wait[16];
	struct buffer list = {0};
	for (int i = 0; i < count; i++)
		buffer_printf(&list, "%s%d", i ? "," : "", pids[i]);
	snprintf(wait, sizeof wait, "%d", seconds);
	int made = mkstemp(data), nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	FILE *complaints = tmpfile();
	bool done = false;
	if (made >= 0 && nowhere >= 0 && complaints && list.data) {
		/* Stacks by the unwind tables: the libraries below us are built without frame pointers. */
		char *const argv[] = {"perf", "record", "-q", "-F", HERTZ, "--call-graph", "dwarf,16384", "-p", list.data, "-o", data, "--", "sleep", wait, NULL};
		int status = perf_run(argv, nowhere, fileno(complaints));
		if (status)
			complaint_read(complaints, status, message_out);
		else
			done = stacks_read(data, complaints, seconds, path, message_out);
	} else {
		snprintf(message_out, 256, "a file for perf cannot be made: %s", strerror(errno));
	}
	if (made >= 0) {
		close(made);
		unlink(data);
	}
	if (nowhere >= 0)
		close(nowhere);
	if (complaints)
		fclose(complaints);
	buffer_free(&list);
	return done;
}
