#include "config.h"

#include "web/site.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TEXTS_ITEM 1000 /* most code points of an item of FIELD_TEXTS */

struct reading {
	struct req *req;
	struct ctx *ctx;
	const struct field *fields;
	uint64_t seen;   /* by row */
	int next;        /* the row expected next: clients tend to keep the documented order */
};

static void *member_at(const struct reading *in, const struct field *field)
{
	return (char *)in->req->input + field->offset;
}

static enum err ill_typed(const struct reading *in, const struct field *field, const char *wanted)
{
	return fail_field(in->ctx, ERR_BAD_INPUT, field->name, "%s must be %s", field->name, wanted);
}

static enum err broken(const struct reading *in, const struct field *field, const char *rule)
{
	return fail_field(in->ctx, ERR_INVALID, field->name, "%s %s", field->name, rule);
}

static void bounds(const struct field *field, int64_t least, int64_t most, int64_t *least_out, int64_t *most_out)
{
	bool own = field->least || field->most;
	*least_out = own ? field->least : least;
	*most_out = own ? field->most : most;
}

static enum err check_span(const struct reading *in, const struct field *field, int64_t value, int64_t least, int64_t most,
	const char *unit)
{
	if (value >= least && value <= most)
		return OK;
	return fail_field(in->ctx, ERR_INVALID, field->name, "%s must %s %lld to %lld%s", field->name,
		*unit ? "have" : "be", (long long)least, (long long)most, unit);
}

/* Control characters, C1 included; lines lets line feed and tab pass. */
static bool has_control(const char *text, size_t bytes, bool lines)
{
	const unsigned char *at = (const unsigned char *)text;
	for (size_t i = 0; i < bytes; i++) {
		if (at[i] >= 0x20 && at[i] < 0x7f)
			continue;
		if (at[i] < 0x20 && !(lines && (at[i] == '\n' || at[i] == '\t')))
			return true;
		if (at[i] == 0x7f || (at[i] == 0xc2 && i + 1 < bytes && at[i + 1] < 0xa0))
			return true;
	}
	return false;
}

/* Forms send CRLF; we keep line feeds. */
static const char *unix_lines(struct ctx *ctx, const char *text, size_t *bytes)
{
	if (!memchr(text, '\r', *bytes))
		return text;
	char *copy = arena_memdup(&ctx->arena, text, *bytes);
	size_t kept = 0;
	for (size_t i = 0; i < *bytes; i++)
		if (text[i] != '\r' || i + 1 == *bytes || text[i + 1] != '\n')
			copy[kept++] = text[i];
	copy[kept] = '\0';
	*bytes = kept;
	return copy;
}

static bool email_valid(const char *text, size_t bytes)
{
	const char *at = strchr(text, '@');
	if (bytes > 254 || !at || at == text || !at[1] || strchr(at + 1, '@') || strpbrk(text, " \t,;<>()[]\\\""))
		return false;
	const char *domain = at + 1;
	return domain[0] != '.' && domain[strlen(domain) - 1] != '.' && !strstr(domain, "..");
}

static bool url_plausible(const char *text, size_t bytes)
{
	size_t scheme = !strncasecmp(text, "https://", 8) ? 8 : !strncasecmp(text, "http://", 7) ? 7 : 0;
	return scheme && bytes > scheme && text[scheme] != '/' && text[scheme] != ':' && !strpbrk(text, " <>\"\\^`{|}");
}

static bool choice_known(const char *choices, const char *text, size_t bytes)
{
	while (*choices) {
		size_t length = strcspn(choices, "|");
		if (length == bytes && !memcmp(choices, text, bytes))
			return true;
		choices += length + (choices[length] == '|');
	}
	return false;
}

/* Text of any textual type, already valid UTF-8 without NUL. */
static enum err put_text(const struct reading *in, const struct field *field, const char *text, size_t bytes)
{
	int64_t least, most;
	if (field->type == FIELD_LINES)
		text = unix_lines(in->ctx, text, &bytes);
	if (field->type != FIELD_CURSOR && has_control(text, bytes, field->type == FIELD_LINES))
		return broken(in, field, "holds control characters");
	switch (field->type) {
	case FIELD_ID:
		if (!id_valid(text))
			return ill_typed(in, field, "a UUID");
		break;
	case FIELD_EMAIL:
		if (!email_valid(text, bytes))
			return broken(in, field, "is not an e-mail address");
		break;
	case FIELD_ENUM:
		if (!choice_known(field->choices, text, bytes))
			return fail_field(in->ctx, ERR_INVALID, field->name, "%s must be one of %s", field->name, field->choices);
		break;
	case FIELD_CURSOR:
		text = cursor_read(in->ctx, in->req->route, text);
		if (!text)
			return ill_typed(in, field, "a cursor from this list");
		break;
	case FIELD_URL:
		if (!url_plausible(text, bytes))
			return broken(in, field, "is not an http or https URL");
		bounds(field, 1, 2048, &least, &most);
		TRY(check_span(in, field, (int64_t)utf8_length(text, bytes), least, most, " characters"));
		break;
	default:
		bounds(field, 1, field->type == FIELD_LINES ? 5000 : 255, &least, &most);
		TRY(check_span(in, field, (int64_t)utf8_length(text, bytes), least, most, " characters"));
	}
	*(const char **)member_at(in, field) = text;
	return OK;
}

static enum err put_int(const struct reading *in, const struct field *field, int64_t value)
{
	int64_t least, most;
	bounds(field, INT64_MIN, INT64_MAX, &least, &most);
	TRY(check_span(in, field, value, least, most, ""));
	*(int64_t *)member_at(in, field) = value;
	return OK;
}

static enum err put_bytes_checked(const struct reading *in, const struct field *field, struct json_object *value)
{
	size_t bytes;
	int64_t least, most;
	json_object_to_json_string_length(value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &bytes);
	bounds(field, 2, 65536, &least, &most);
	TRY(check_span(in, field, (int64_t)bytes, least, most, " bytes"));
	*(struct json_object **)member_at(in, field) = value;
	return OK;
}

static enum err put_texts(const struct reading *in, const struct field *field, struct json_object *value)
{
	int64_t least, most;
	size_t count = json_object_array_length(value);
	bounds(field, 0, 64, &least, &most);
	TRY(check_span(in, field, (int64_t)count, least, most, " items"));
	for (size_t i = 0; i < count; i++) {
		struct json_object *item = json_object_array_get_idx(value, i);
		if (!json_object_is_type(item, json_type_string))
			return ill_typed(in, field, "an array of strings");
		const char *text = json_object_get_string(item);
		size_t bytes = (size_t)json_object_get_string_len(item);
		if (strlen(text) != bytes)
			return ill_typed(in, field, "free of NUL characters");
		if (has_control(text, bytes, false))
			return broken(in, field, "holds control characters");
		size_t length = utf8_length(text, bytes);
		if (length < 1 || length > TEXTS_ITEM)
			return broken(in, field, "has an item that is empty or too long");
	}
	*(struct json_object **)member_at(in, field) = value;
	return OK;
}

/* json-c clamps what does not fit 64 bits, so the limits themselves mean "does not fit". */
static enum err put_json_int(const struct reading *in, const struct field *field, struct json_object *value)
{
	int64_t number = json_object_get_int64(value);
	if (number == INT64_MIN || (number == INT64_MAX && json_object_get_uint64(value) > INT64_MAX))
		return broken(in, field, "does not fit 64 bits");
	return put_int(in, field, number);
}

static enum err put_json(const struct reading *in, const struct field *field, struct json_object *value)
{
	enum json_type type = json_object_get_type(value);
	switch (field->type) {
	case FIELD_INT:
		return type == json_type_int ? put_json_int(in, field, value) : ill_typed(in, field, "an integer");
	case FIELD_BOOL:
		if (type != json_type_boolean)
			return ill_typed(in, field, "true or false");
		*(bool *)member_at(in, field) = json_object_get_boolean(value);
		return OK;
	case FIELD_JSON:
		if (type != json_type_object && type != json_type_array)
			return ill_typed(in, field, "an object or an array");
		return put_bytes_checked(in, field, value);
	case FIELD_TEXTS:
		return type == json_type_array ? put_texts(in, field, value) : ill_typed(in, field, "an array of strings");
	default:
		if (type != json_type_string)
			return ill_typed(in, field, "a string");
		const char *text = json_object_get_string(value);
		size_t bytes = (size_t)json_object_get_string_len(value);
		if (memchr(text, '\0', bytes))
			return ill_typed(in, field, "free of NUL characters");
		return put_text(in, field, text, bytes);
	}
}

/* A value that arrives as text: path, query, form, header. */
static enum err put_plain(const struct reading *in, const struct field *field, const char *text, size_t bytes)
{
	char *end;
	if (!utf8_valid(text, bytes))
		return ill_typed(in, field, "UTF-8");
	switch (field->type) {
	case FIELD_INT:
		errno = 0;
		long long number = strtoll(text, &end, 10);
		if (end == text || *end || !(text[0] == '-' || (text[0] >= '0' && text[0] <= '9')))
			return ill_typed(in, field, "an integer");
		return errno ? broken(in, field, "does not fit 64 bits") : put_int(in, field, number);
	case FIELD_BOOL:
		if (strcmp(text, "true") && strcmp(text, "false") && !(in->req->route->form && !strcmp(text, "on")))
			return ill_typed(in, field, "true or false");
		*(bool *)member_at(in, field) = strcmp(text, "false") != 0;
		return OK;
	case FIELD_JSON: {
		struct json_object *value;
		TRY(json_read(in->ctx, text, bytes, JSON_DEPTH, &value));
		return put_json(in, field, value);
	}
	case FIELD_TEXTS: {
		struct json_object **list = member_at(in, field);
		if (!*list)
			*list = json_own(in->ctx, json_object_new_array());
		json_object_array_add(*list, json_object_new_string_len(text, (int)bytes));
		return put_texts(in, field, *list);
	}
	default:
		return put_text(in, field, text, bytes);
	}
}

static const struct field *field_find(struct reading *in, enum field_place place, const char *name)
{
	const struct field *fields = in->fields;
	if (!fields)
		return NULL;
	const struct field *guess = &fields[in->next];
	if (guess->name && guess->place == place && !strcmp(guess->name, name)) {
		in->next++;
		return guess;
	}
	for (const struct field *field = fields; field->name; field++)
		if (field->place == place && !strcmp(field->name, name)) {
			in->next = (int)(field - fields) + 1;
			return field;
		}
	return NULL;
}

/* Marks the row as sent; refuses it the second time. */
static enum err field_once(struct reading *in, const struct field *field, bool again)
{
	uint64_t bit = (uint64_t)1 << (field - in->fields);
	if (in->seen & bit && !again)
		return fail_field(in->ctx, ERR_BAD_INPUT, field->name, "%s is sent more than once", field->name);
	in->seen |= bit;
	if (field->present)
		*((bool *)in->req->input + field->present) = true;
	return OK;
}

static enum err unknown(struct reading *in, const char *name, const char *where)
{
	return fail_field(in->ctx, ERR_BAD_INPUT, name, "%s is not a field of this %s", name, where);
}

static enum err read_pairs(struct reading *in, enum field_place place, const struct pairs *pairs, const char *where)
{
	bool form = place == IN_BODY, csrf = false;
	for (int i = 0; i < pairs->count; i++) {
		const struct pair *pair = &pairs->items[i];
		if (form && !csrf && !strcmp(pair->name, "csrf")) {
			csrf = true;
			continue;
		}
		const struct field *field = field_find(in, place, pair->name);
		if (!field)
			return unknown(in, pair->name, where);
		bool empty_kept = field->least == 0 && field->most && (field->type == FIELD_TEXT || field->type == FIELD_LINES);
		if (form && !pair->value_length && !empty_kept)
			continue;
		TRY(field_once(in, field, field->type == FIELD_TEXTS));
		TRY(put_plain(in, field, pair->value, pair->value_length));
	}
	return OK;
}

static enum err read_object(struct reading *in, struct json_object *object)
{
	if (!json_object_is_type(object, json_type_object))
		return fail(in->ctx, ERR_BAD_INPUT, "The body must be a JSON object");
	json_object_object_foreach(object, name, value) {
		const struct field *field = field_find(in, IN_BODY, name);
		if (!field)
			return unknown(in, name, "body");
		if (!value && !field->nullable)
			return ill_typed(in, field, "something other than null");
		TRY(field_once(in, field, false));
		if (value)
			TRY(put_json(in, field, value));
	}
	return OK;
}

bool input_media(const struct req *req, const char *type)
{
	const char *given = req->header(req, "Content-Type");
	if (!given)
		return false;
	size_t length = strcspn(given, ";, \t");
	if (length != strlen(type) || strncasecmp(given, type, length))
		return false;
	const char *charset = strcasestr(given, "charset=");
	if (!charset)
		return strchr(given, ',') == NULL;
	charset += 8 + (charset[8] == '"');
	return !strncasecmp(charset, "utf-8", 5) && strchr(given, ',') == NULL;
}

enum err input_form(struct req *req, struct pairs *pairs_out)
{
	*pairs_out = (struct pairs){0};
	if (!req->body_length || (req->route->one_click && input_media(req, "multipart/form-data")))
		return OK;
	if (!input_media(req, "application/x-www-form-urlencoded"))
		return fail(&req->ctx, ERR_MEDIA_TYPE, "The body must be application/x-www-form-urlencoded");
	return url_pairs(&req->ctx, req->body, req->body_length, pairs_out);
}

static enum err read_body(struct reading *in)
{
	struct req *req = in->req;
	if (req->route->raw)
		return OK;
	if (req->route->form) {
		struct pairs pairs;
		TRY(input_form(req, &pairs));
		return read_pairs(in, IN_BODY, &pairs, "form");
	}
	bool wanted = false;
	for (const struct field *field = in->fields; field && field->name; field++)
		wanted |= field->place == IN_BODY;
	if (!req->body_length)
		return OK;
	if (!wanted)
		return fail(in->ctx, ERR_BAD_INPUT, "This route takes no body");
	if (!input_media(req, "application/json"))
		return fail(in->ctx, ERR_MEDIA_TYPE, "The body must be application/json");
	struct json_object *body;
	TRY(json_read(in->ctx, req->body, req->body_length, JSON_DEPTH, &body));
	in->next = 0;
	return read_object(in, body);
}

static enum err read_query(struct reading *in)
{
	const char *query = in->req->query;
	if (!query || !*query)
		return OK;
	struct pairs pairs;
	TRY(url_pairs(in->ctx, query, strlen(query), &pairs));
	return read_pairs(in, IN_QUERY, &pairs, "query");
}

/* Headers and path parameters are looked up by row: unknown ones cannot occur, or are none of our business. */
static enum err read_named(struct reading *in)
{
	for (const struct field *field = in->fields; field && field->name; field++) {
		const char *value = NULL;
		if (field->place == IN_PATH)
			value = pairs_find(&in->req->path, field->name);
		else if (field->place == IN_HEADER)
			value = in->req->header(in->req, field->name);
		if (!value)
			continue;
		TRY(field_once(in, field, false));
		TRY(put_plain(in, field, value, strlen(value)));
	}
	return OK;
}

enum err input_read(struct req *req)
{
	const struct route *route = req->route;
	struct reading in = {.req = req, .ctx = &req->ctx, .fields = route->input};
	req->input = route->input_size ? arena_alloc(&req->ctx.arena, route->input_size) : NULL;
	TRY(read_named(&in));
	TRY(read_query(&in));
	TRY(read_body(&in));
	for (const struct field *field = in.fields; field && field->name; field++)
		if (field->required && !(in.seen >> (field - in.fields) & 1))
			return fail_field(in.ctx, ERR_BAD_INPUT, field->name, "%s is required", field->name);
	return OK;
}
