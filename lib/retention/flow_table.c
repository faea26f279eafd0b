#include "retention/flow_parts.h"
#include "retention/flow_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const struct flow_column FLOW_COLUMNS[] = {
	{"step", COLUMN_STEP}, {"language", COLUMN_LANGUAGE}, {"type", COLUMN_TYPE}, {"title", COLUMN_TEXT}, {"message", COLUMN_TEXT},
	{"buttonText", COLUMN_TEXT}, {"placeholder", COLUMN_CONFIG}, {"options", COLUMN_CONFIG}, {"percentage", COLUMN_CONFIG},
	{"duration", COLUMN_CONFIG}, {"months", COLUMN_CONFIG}, {"coupon", COLUMN_CONFIG}, {"plan", COLUMN_CONFIG}, {"price", COLUMN_CONFIG},
	{"amountMinor", COLUMN_CONFIG}, {"currency", COLUMN_CONFIG}, {"days", COLUMN_CONFIG}, {"url", COLUMN_CONFIG}, {"email", COLUMN_CONFIG},
	{"allowText", COLUMN_CONFIG}, {"required", COLUMN_CONFIG}, {"when", COLUMN_WHEN}, {"flow.name", COLUMN_FLOW}, {"flow.segment", COLUMN_FLOW},
	{"flow.segmentId", COLUMN_FLOW}, {"flow.plan", COLUMN_FLOW}, {"flow.region", COLUMN_FLOW}, {"flow.rankingScore", COLUMN_FLOW}, {"flow.cancelAt", COLUMN_FLOW}, {0}};

#define MONTHS_MOST 32

/* --- cells --- */

struct reader { struct flow_file *file; const char *at; char separator; int line; };

/* A row; cells that are not there are empty. */
struct row {
	int line, count;
	const char *cells[FLOW_TABLE_COLUMNS];
	int lines[FLOW_TABLE_COLUMNS]; /* where each begins */
};

static bool at_end_of_row(const struct reader *reader)
{
	return *reader->at == '\0' || *reader->at == '\n' || *reader->at == '\r';
}

static void end_row(struct reader *reader)
{
	if (*reader->at == '\0')
		return;
	reader->at += reader->at[0] == '\r' && reader->at[1] == '\n' ? 2 : 1;
	reader->line++;
}

/* Behind the opening quote. False: it is never closed. */
static bool quoted_read(struct reader *reader, struct buffer *cell)
{
	for (; *reader->at; reader->at++) {
		if (reader->at[0] == '"' && reader->at[1] != '"') {
			reader->at++;
			return true;
		}
		if (reader->at[0] == '"')
			reader->at++;
		else if (reader->at[0] == '\n')
			reader->line++;
		if (reader->at[0] != '\r' || reader->at[1] != '\n')
			buffer_char(cell, *reader->at);
	}
	return false;
}

static const char *unquoted_read(struct reader *reader)
{
	size_t length = 0;

	while (reader->at[length] && reader->at[length] != reader->separator && reader->at[length] != '\n' && reader->at[length] != '\r')
		length++;
	reader->at += length;
	return arena_memdup(&reader->file->ctx->arena, reader->at - length, length);
}

/* What buffer_csv() put in front of what looks like a formula, and flow_csv() in front of what looks like that. */
static const char *without_guard(const char *cell)
{
	return cell[0] == '\'' && cell[1] && strchr("=+-@\t\r\n'", cell[1]) ? cell + 1 : cell;
}

static const char *cell_read(struct reader *reader, int column)
{
	struct buffer text = {0};
	const char *cell;
	int line = reader->line;

	if (*reader->at != '"')
		return without_guard(unquoted_read(reader));
	reader->at++;
	if (!quoted_read(reader, &text))
		file_error(reader->file, line, column, "", "A quote is opened here and never closed");
	else if (!at_end_of_row(reader) && *reader->at != reader->separator)
		file_error(reader->file, reader->line, column, "", "Something follows the closing quote");
	cell = text.length ? arena_memdup(&reader->file->ctx->arena, text.data, text.length) : "";
	buffer_free(&text);
	unquoted_read(reader);
	return without_guard(cell);
}

/* False: there is no more. */
static bool row_read(struct reader *reader, struct row *row)
{
	*row = (struct row){.line = reader->line};
	if (*reader->at == '\0')
		return false;
	for (;;) {
		int line = reader->line;
		const char *cell = cell_read(reader, row->count + 1);

		if (row->count < FLOW_TABLE_COLUMNS) {
			row->cells[row->count] = cell;
			row->lines[row->count++] = line;
		} else if (*cell) {
			file_error(reader->file, line, 0, "", "A line has more than %d columns", FLOW_TABLE_COLUMNS);
			return false;
		}
		if (at_end_of_row(reader))
			break;
		reader->at++;
	}
	end_row(reader);
	return true;
}

static bool row_is_empty(const struct row *row)
{
	for (int i = 0; i < row->count; i++)
		if (*row->cells[i])
			return false;
	return true;
}

/* --- columns --- */

struct table {
	struct flow_file *file;
	const struct flow_column *columns[FLOW_TABLE_COLUMNS];
	int count, line; /* line: of the row that is being read */
	struct json_object *steps, *step; /* step: the last one */
	enum step_type type;
	const char *language;             /* that the steps are written in, or NULL so far */
};

/* Names that other tools give. */
static const char *column_name(const char *text)
{
	static const struct { const char *theirs, *ours; } also[] = {{"percent", "percentage"}, {"discountPercentage", "percentage"},
		{"discountPercent", "percentage"}, {"newPlan", "plan"}, {"supportUrl", "url"}, {"contactInfo", "email"}, {"button", "buttonText"},
		{"name", "flow.name"}};

	for (size_t i = 0; i < sizeof also / sizeof *also; i++)
		if (strcasecmp(also[i].theirs, text) == 0)
			return also[i].ours;
	return text;
}

static const struct flow_column *column_find(const char *text)
{
	const char *name = column_name(text);

	for (const struct flow_column *column = FLOW_COLUMNS; column->name; column++)
		if (strcasecmp(column->name, name) == 0)
			return column;
	return NULL;
}

static void head_read(struct table *table, const struct row *row)
{
	bool type = false;

	table->count = row->count;
	for (int i = 0; i < row->count; i++) {
		const char *text = row->cells[i];

		if (!*text)
			continue;
		table->columns[i] = column_find(text);
		if (!table->columns[i])
			file_error(table->file, row->line, i + 1, text, "There is no column of this name");
		else
			type |= table->columns[i]->kind == COLUMN_TYPE;
		for (int before = 0; table->columns[i] && before < i; before++)
			if (table->columns[before] == table->columns[i])
				file_error(table->file, row->line, i + 1, text, "This column stands there twice");
	}
	if (!type)
		file_error(table->file, row->line, 0, "type", "There is no column \"type\": the first line names the columns");
}

/* The cell of a kind in this row, or "". */
static const char *cell_of(const struct table *table, const struct row *row, enum column_kind kind)
{
	for (int i = 0; i < row->count && i < table->count; i++)
		if (table->columns[i] && table->columns[i]->kind == kind)
			return row->cells[i];
	return "";
}

/* --- values --- */

static const char *spaces_skip(const char *text)
{
	return text + strspn(text, " \t\n");
}

/* A whole number with nothing but spaces behind it; percentages may have their sign. */
static bool whole_read(const char *text, bool percent, int64_t *value_out)
{
	char *end;

	text = spaces_skip(text);
	if (!(*text >= '0' && *text <= '9') && !(*text == '-' && text[1] >= '0' && text[1] <= '9'))
		return false;
	errno = 0;
	*value_out = strtoll(text, &end, 10);
	end = (char *)(uintptr_t)spaces_skip(end);
	if (percent && *end == '%')
		end = (char *)(uintptr_t)spaces_skip(end + 1);
	return errno == 0 && *end == '\0';
}

static struct json_object *months_read(const char *text)
{
	struct json_object *list = json_object_new_array();

	for (text += strspn(text, " ,;\n"); *text; text += strspn(text, " ,;\n")) {
		size_t length = strcspn(text, " ,;\n");
		char number[12] = "";
		int64_t value;

		if (length < sizeof number)
			memcpy(number, text, length);
		if (!whole_read(number, false, &value) || json_object_array_length(list) == MONTHS_MOST) {
			json_object_put(list);
			return NULL;
		}
		json_object_array_add(list, json_object_new_int64(value));
		text += length;
	}
	return list;
}

/* The next line of "code: text"; false when there is none. *code_out is empty when the line is not of this form. */
static bool option_next(struct ctx *ctx, const char **at, const char **code_out, const char **text_out)
{
	size_t length, code;

	*at += strspn(*at, "\n");
	if (!**at)
		return false;
	length = strcspn(*at, "\n");
	code = strcspn(*at, ":");
	*code_out = code < length ? arena_memdup(&ctx->arena, *at, code) : "";
	if (code < length)
		code += (*at)[code + 1] == ' ' ? 2 : 1;
	*text_out = code <= length ? arena_memdup(&ctx->arena, *at + code, length - code) : "";
	*at += length;
	return true;
}

/* An array of options, or for a translation an object of texts by codes. NULL: a line is not of the form. */
static struct json_object *options_read(struct ctx *ctx, const char *cell, bool translation)
{
	struct json_object *options = translation ? json_object_new_object() : json_object_new_array();
	const char *code, *text;

	while (option_next(ctx, &cell, &code, &text)) {
		if (!*code) {
			json_object_put(options);
			return NULL;
		}
		if (translation) {
			json_object_object_add(options, code, json_object_new_string(text));
			continue;
		}
		struct json_object *option = json_object_new_object();

		json_object_object_add(option, "code", json_object_new_string(code));
		json_object_object_add(option, "text", json_object_new_string(text));
		json_object_array_add(options, option);
	}
	return options;
}

static struct json_object *flag_read(const char *text)
{
	static const char *const words[] = {"true", "yes", "1", "false", "no", "0"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcasecmp(words[i], text) == 0)
			return json_object_new_boolean(i < 3);
	return NULL;
}

/* NULL: the cell holds no such value; *wanted_out says what it must be. */
static struct json_object *config_read(struct ctx *ctx, const struct config_row *row, const char *cell, const char **wanted_out)
{
	int64_t number;

	switch (row->kind) {
	case CONFIG_NUMBER:
		*wanted_out = "a whole number";
		return whole_read(cell, strcmp(row->name, "percentage") == 0, &number) ? json_object_new_int64(number) : NULL;
	case CONFIG_FLAG:
	case CONFIG_FALSE:
		*wanted_out = "true or false";
		return flag_read(cell);
	case CONFIG_MONTHS:
		*wanted_out = "numbers of months with spaces between";
		return months_read(cell);
	case CONFIG_OPTIONS:
		*wanted_out = "a line for each option, such as \"too_expensive: It is too expensive\"";
		return options_read(ctx, cell, false);
	default:
		return json_object_new_string(cell);
	}
}

static struct json_object *made(struct json_object *object, const char *name)
{
	struct json_object *member = json_object_at(object, name);

	if (!member) {
		member = json_object_new_object();
		json_object_object_add(object, name, member);
	}
	return member;
}

static void config_cell(struct table *table, const struct row *row, int at)
{
	const struct config_row *rule = flow_config_row(table->type, table->columns[at]->name);
	const char *wanted = "", *name = table->columns[at]->name;
	struct json_object *value;

	if (!rule) {
		file_error(table->file, row->lines[at], at + 1, name, "A step of type %s has no %s", step_text(table->type), name);
		return;
	}
	value = config_read(table->file->ctx, rule, row->cells[at], &wanted);
	if (value)
		json_object_object_add(made(table->step, "config"), name, value);
	else
		file_error(table->file, row->lines[at], at + 1, name, "%s must be %s", name, wanted);
}

static void when_cell(struct table *table, const struct row *row, int at)
{
	struct ctx *ctx = table->file->ctx;
	struct json_object *when = NULL;

	if (json_read(ctx, row->cells[at], strlen(row->cells[at]), JSON_DEPTH, &when) == OK && json_object_is_type(when, json_type_object)) {
		json_object_object_add(table->step, "when", json_object_get(when));
		return;
	}
	file_error(table->file, row->lines[at], at + 1, "when", "when must be a condition as JSON%s%s", *ctx->fault.detail ? ": " : "",
		ctx->fault.detail);
	ctx_forgive(ctx);
}

static void flow_cell(struct table *table, const struct row *row, int at)
{
	const char *name = table->columns[at]->name + strlen(COLUMN_FLOW_PREFIX);
	int64_t number;

	if (json_object_array_length(table->steps) > 1 || json_object_object_get_ex(table->file->document, name, NULL))
		file_error(table->file, row->lines[at], at + 1, table->columns[at]->name, "This stands in the first line only");
	else if (strcmp(name, "rankingScore"))
		json_object_object_add(table->file->document, name, json_object_new_string(row->cells[at]));
	else if (whole_read(row->cells[at], false, &number))
		json_object_object_add(table->file->document, name, json_object_new_int64(number));
	else
		file_error(table->file, row->lines[at], at + 1, table->columns[at]->name, "rankingScore must be a whole number");
}

/* --- rows --- */

static void step_number_check(struct table *table, const struct row *row, int at)
{
	int64_t number;

	if (!whole_read(row->cells[at], false, &number) || number != (int64_t)json_object_array_length(table->steps))
		file_error(table->file, row->lines[at], at + 1, "step", "Steps are numbered from 1 in their order: this is number %zu",
			json_object_array_length(table->steps));
}

static void step_row(struct table *table, const struct row *row)
{
	const char *language = cell_of(table, row, COLUMN_LANGUAGE);

	table->step = json_object_new_object();
	json_object_array_add(table->steps, table->step);
	json_object_object_add(table->step, "type", json_object_new_string(step_text(table->type)));
	for (int i = 0; i < row->count && i < table->count; i++) {
		if (!*row->cells[i] || !table->columns[i])
			continue;
		switch (table->columns[i]->kind) {
		case COLUMN_STEP:
			step_number_check(table, row, i);
			break;
		case COLUMN_LANGUAGE:
			if (table->language && strcmp(table->language, language))
				file_error(table->file, row->lines[i], i + 1, "language", "The steps are written in \"%s\": a line without a type translates", table->language);
			table->language = language;
			break;
		case COLUMN_TEXT:
			json_object_object_add(table->step, table->columns[i]->name, json_object_new_string(row->cells[i]));
			break;
		case COLUMN_CONFIG:
			config_cell(table, row, i);
			break;
		case COLUMN_WHEN:
			when_cell(table, row, i);
			break;
		case COLUMN_FLOW:
			flow_cell(table, row, i);
			break;
		case COLUMN_TYPE:
			break;
		}
	}
}

static void translation_cell(struct table *table, struct json_object *texts, const struct row *row, int at)
{
	const struct flow_column *column = table->columns[at];
	struct json_object *options;

	if (column->kind == COLUMN_TEXT || strcmp(column->name, FLOW_TEXTS[TEXT_PLACEHOLDER].name) == 0) {
		json_object_object_add(texts, column->name, json_object_new_string(row->cells[at]));
	} else if (strcmp(column->name, "options") == 0) {
		options = options_read(table->file->ctx, row->cells[at], true);
		if (options)
			json_object_object_add(texts, "options", options);
		else
			file_error(table->file, row->lines[at], at + 1, "options", "options must be a line for each, such as \"unused: …\"");
	} else if (column->kind == COLUMN_STEP) {
		step_number_check(table, row, at);
	} else if (column->kind != COLUMN_LANGUAGE) {
		file_error(table->file, row->lines[at], at + 1, column->name, "A line without a type holds translated texts only");
	}
}

static void translation_row(struct table *table, const struct row *row)
{
	const char *language = cell_of(table, row, COLUMN_LANGUAGE);
	struct json_object *translations, *texts;

	if (!*language) {
		file_error(table->file, row->line, 0, "type", "The line has neither a type nor a language");
		return;
	}
	translations = made(table->step, "translations");
	if (json_object_object_get_ex(translations, language, NULL))
		file_error(table->file, row->line, 0, "language", "The step is translated into \"%s\" twice", language);
	texts = made(translations, language);
	for (int i = 0; i < row->count && i < table->count; i++)
		if (*row->cells[i] && table->columns[i])
			translation_cell(table, texts, row, i);
}

/* A flow without steps has one line, of what stands for all of it. */
static void settings_row(struct table *table, const struct row *row)
{
	for (int i = 0; i < row->count && i < table->count; i++) {
		if (!*row->cells[i] || !table->columns[i])
			continue;
		if (table->columns[i]->kind == COLUMN_FLOW)
			flow_cell(table, row, i);
		else if (table->columns[i]->kind == COLUMN_LANGUAGE)
			table->language = row->cells[i];
		else
			file_error(table->file, row->lines[i], i + 1, table->columns[i]->name, "The line has no type");
	}
}

static void row_take(struct table *table, const struct row *row)
{
	const char *type = cell_of(table, row, COLUMN_TYPE);

	for (int i = table->count; i < row->count; i++)
		if (*row->cells[i])
			file_error(table->file, row->lines[i], i + 1, "", "The first line names no such column");
	if (!*type && !table->step)
		settings_row(table, row);
	else if (!*type)
		translation_row(table, row);
	else if (step_parse(type, &table->type))
		step_row(table, row);
	else
		file_error(table->file, row->line, 0, "type",
			"type must be one of survey, discount, pause, downgrade, extension, support, feedback, confirm");
}

void flow_table_read(struct flow_file *file, const char *text, char separator)
{
	struct reader reader = {.file = file, .at = text, .separator = separator, .line = 1};
	struct table *table = arena_alloc(&file->ctx->arena, sizeof *table);
	struct row *row = arena_alloc(&file->ctx->arena, sizeof *row);
	bool head = false;
	int rows = 0;

	table->file = file;
	table->steps = json_object_new_array();
	json_object_object_add(file->document, "steps", table->steps);
	while (row_read(&reader, row)) {
		if (row_is_empty(row))
			continue;
		if (++rows > FLOW_TABLE_ROWS) {
			file_error(file, row->line, 0, "", "A table has at most %d lines", FLOW_TABLE_ROWS);
			break;
		}
		if (head)
			row_take(table, row);
		else
			head_read(table, row);
		head = true;
		if (json_object_array_length(file->errors) && rows == 1)
			break;
	}
	if (!head)
		file_error(file, 1, 0, "", "The table is empty");
	if (table->language)
		json_object_object_add(file->document, "language", json_object_new_string(table->language));
}
