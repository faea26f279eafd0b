#include "retention/flow_file.h"
#include "retention/flow_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BOM "\xef\xbb\xbf"
#define UNNAMED "Imported flow"

void file_error(struct flow_file *file, int line, int column, const char *name, const char *format, ...)
{
	struct json_object *error;
	const char *message;
	va_list args;

	if (json_object_array_length(file->errors) >= FLOW_FILE_ERRORS)
		return;
	va_start(args, format);
	message = arena_vprintf(&file->ctx->arena, format, args);
	va_end(args);
	error = json_object_new_object();
	json_object_object_add(error, "line", line ? json_object_new_int(line) : NULL);
	json_object_object_add(error, "column", column ? json_object_new_int(column) : NULL);
	json_object_object_add(error, "name", json_object_new_string(arena_printf(&file->ctx->arena, "%.64s", name)));
	json_object_object_add(error, "message", json_object_new_string(message));
	json_object_array_add(file->errors, error);
}

/* --- JSON --- */

/* The reader says at which byte it stumbled. */
static void json_error(struct flow_file *file, const char *text)
{
	int line = 1, column = 1;
	size_t byte;

	if (sscanf(file->ctx->fault.detail, "JSON, byte %zu:", &byte) != 1 || byte > strlen(text)) {
		file_error(file, 0, 0, "", "%s", file->ctx->fault.detail);
		return;
	}
	for (size_t i = 0; i < byte; i++, column++)
		if (text[i] == '\n') {
			line++;
			column = 0;
		}
	file_error(file, line, column, "", "%s", strchr(file->ctx->fault.detail, ':') + 2);
}

static void json_file_read(struct flow_file *file, const char *text)
{
	struct json_object *value;

	if (json_read(file->ctx, text, strlen(text), JSON_DEPTH, &value) != OK) {
		json_error(file, text);
		ctx_forgive(file->ctx);
	} else if (json_object_is_type(value, json_type_object)) {
		file->document = value;
	} else if (json_object_is_type(value, json_type_array)) {
		json_object_object_add(file->document, "steps", json_object_get(value));
	} else {
		file_error(file, 1, 1, "", "The file must hold a flow, an object, or its steps, a list");
	}
}

/* --- any --- */

/* What separates the cells of the first line. */
static char separator_of(const char *text)
{
	size_t comma = strcspn(text, ",\n"), semicolon = strcspn(text, ";\n");

	return text[semicolon] == ';' && semicolon < comma ? ';' : ',';
}

static void file_read(struct flow_file *file, const char *format, const char *text)
{
	if (strncmp(text, BOM, strlen(BOM)) == 0)
		text += strlen(BOM);
	if (strcmp(format, "json") == 0)
		json_file_read(file, text);
	else
		flow_table_read(file, text, strcmp(format, "table") == 0 ? '\t' : separator_of(text));
}

static void default_text(struct json_object *document, const char *name, const char *text)
{
	if (!json_object_object_get_ex(document, name, NULL))
		json_object_object_add(document, name, json_object_new_string(text));
}

/* Faults of form become errors of the file: such a document could not be kept. */
static void form_errors(struct flow_file *file, struct json_object *review)
{
	struct json_object *errors = json_array_at(review, "errors");

	for (size_t i = 0; i < json_object_array_length(errors); i++) {
		struct json_object *issue = json_object_array_get_idx(errors, i);

		if (strcmp(json_text(issue, "code", ""), "form") == 0)
			file_error(file, 0, 0, json_text(issue, "field", ""), "%s", json_text(issue, "message", ""));
	}
}

enum err flow_import(struct ctx *ctx, struct lease *lease, const char *org_id, const char *format, const char *text, struct json_object **result_out)
{
	struct json_object *result = json_own(ctx, json_object_new_object());
	struct flow_file file = {.ctx = ctx, .errors = json_object_new_array(), .document = json_own(ctx, json_object_new_object())};
	struct flow_review review = {0};
	bool good;

	json_object_object_add(result, "errors", file.errors);
	file_read(&file, format, text);
	file.document = flow_tidy(ctx, file.document);
	if (json_object_array_length(file.errors) == 0) {
		default_text(file.document, "name", UNNAMED);
		default_text(file.document, "language", "en");
		TRY(flow_review(ctx, lease, org_id, file.document, &review));
		if (review.form)
			form_errors(&file, review.json);
	}
	good = json_object_array_length(file.errors) == 0;
	json_object_object_add(result, "flow", good ? json_object_get(file.document) : NULL);
	json_object_object_add(result, "review", good ? json_object_get(review.json) : NULL);
	*result_out = result;
	return OK;
}

void flow_json(struct json_object *document, struct buffer *out)
{
	buffer_text(out, json_object_to_json_string_ext(document, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_PRETTY_TAB |
		JSON_C_TO_STRING_NOSLASHESCAPE));
	buffer_char(out, '\n');
}

/* --- CSV --- */

struct line { struct buffer *out; struct json_object *document, *step, *texts; int number; const char *language; };

static void cell_text(struct buffer *out, const char *text)
{
	bool guarded = text[0] == '\'' && text[1] && strchr("=+-@\t\r\n'", text[1]);

	if (!guarded) {
		buffer_csv(out, text);
		return;
	}
	/* One more apostrophe, for the reader takes one away. */
	struct buffer more = {0};

	buffer_char(&more, '\'');
	buffer_text(&more, text);
	buffer_csv(out, more.data);
	buffer_free(&more);
}

static void options_cell(struct buffer *out, struct json_object *options)
{
	struct buffer text = {0};

	if (json_object_is_type(options, json_type_object)) {
		json_object_object_foreach(options, code, value)
			buffer_printf(&text, "%s%s: %s", text.length ? "\n" : "", code, json_object_get_string(value));
	} else {
		for (size_t i = 0; i < json_object_array_length(options); i++) {
			struct json_object *option = json_object_array_get_idx(options, i);

			buffer_printf(&text, "%s%s: %s", text.length ? "\n" : "", json_text(option, "code", ""), json_text(option, "text", ""));
		}
	}
	cell_text(out, text.data ? text.data : "");
	buffer_free(&text);
}

static void value_cell(struct buffer *out, const char *name, struct json_object *value)
{
	if (strcmp(name, "options") == 0) {
		options_cell(out, value);
	} else if (json_object_is_type(value, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(value); i++)
			buffer_printf(out, "%s%lld", i ? " " : "", (long long)json_object_get_int64(json_object_array_get_idx(value, i)));
	} else if (json_object_is_type(value, json_type_string)) {
		cell_text(out, json_object_get_string(value));
	} else {
		buffer_text(out, json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN));
	}
}

/* What stands in a column of this line, or NULL. texts: of a translation. */
static struct json_object *column_value(const struct line *line, const struct flow_column *column)
{
	struct json_object *value = NULL;

	switch (column->kind) {
	case COLUMN_TYPE:
	case COLUMN_WHEN:
		json_object_object_get_ex(line->texts ? NULL : line->step, column->name, &value);
		break;
	case COLUMN_TEXT:
		json_object_object_get_ex(line->texts ? line->texts : line->step, column->name, &value);
		break;
	case COLUMN_CONFIG:
		json_object_object_get_ex(line->texts ? line->texts : json_object_at(line->step, "config"), column->name, &value);
		break;
	case COLUMN_FLOW:
		if (line->number <= 1 && !line->texts)
			json_object_object_get_ex(line->document, column->name + strlen(COLUMN_FLOW_PREFIX), &value);
		break;
	default:
		break;
	}
	return value;
}

static void line_write(const struct line *line)
{
	struct buffer *out = line->out;

	for (const struct flow_column *column = FLOW_COLUMNS; column->name; column++) {
		struct json_object *value = column_value(line, column);

		if (column != FLOW_COLUMNS)
			buffer_char(out, ',');
		if (column->kind == COLUMN_STEP && line->number)
			buffer_int(out, line->number);
		else if (column->kind == COLUMN_LANGUAGE)
			cell_text(out, line->language);
		else if (column->kind == COLUMN_WHEN && value)
			cell_text(out, json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
		else if (value)
			value_cell(out, column->name, value);
	}
	buffer_text(out, "\r\n");
}

static void step_lines(struct line line)
{
	struct json_object *translations = json_object_at(line.step, "translations");

	line_write(&line);
	if (!translations)
		return;
	json_object_object_foreach(translations, language, texts) {
		line.language = language;
		line.texts = texts;
		line_write(&line);
	}
}

void flow_csv(struct json_object *document, struct buffer *out)
{
	struct json_object *steps = json_array_at(document, "steps");
	size_t count = steps ? json_object_array_length(steps) : 0;
	struct line line = {.out = out, .document = document, .language = json_text(document, "language", "")};

	for (const struct flow_column *column = FLOW_COLUMNS; column->name; column++) {
		if (column != FLOW_COLUMNS)
			buffer_char(out, ',');
		buffer_text(out, column->name);
	}
	buffer_text(out, "\r\n");
	if (count == 0)
		line_write(&line);
	for (size_t i = 0; i < count; i++) {
		line.step = json_object_array_get_idx(steps, i);
		line.number = (int)i + 1;
		step_lines(line);
	}
}
