#include "openapi.h"

#include "sql.h"

#include <string.h>

void put(struct json_object *object, const char *name, const char *text)
{
	json_object_object_add(object, name, json_object_new_string(text));
}

static void put_int(struct json_object *object, const char *name, int64_t value)
{
	json_object_object_add(object, name, json_object_new_int64(value));
}

/* "type": one name, or several separated by '|', and null when it may be null. */
static void put_type(struct json_object *schema, const char *types, bool nullable)
{
	if (!nullable && !strchr(types, '|')) {
		put(schema, "type", types);
		return;
	}
	struct json_object *list = json_object_new_array();
	while (*types) {
		size_t length = strcspn(types, "|");
		json_object_array_add(list, json_object_new_string_len(types, (int)length));
		types += length + (types[length] == '|');
	}
	if (nullable)
		json_object_array_add(list, json_object_new_string("null"));
	json_object_object_add(schema, "type", list);
}

static void put_bounds(struct json_object *schema, const struct field *field, bool reply, int64_t least, int64_t most,
	const char *least_name, const char *most_name)
{
	bool own = field->least || field->most;
	if (reply && !own)
		return;
	put_int(schema, least_name, own ? field->least : least);
	put_int(schema, most_name, own ? field->most : most);
}

static void put_choices(struct json_object *schema, const struct field *field)
{
	struct json_object *list = json_object_new_array();
	for (const char *at = field->choices; *at;) {
		size_t length = strcspn(at, "|");
		json_object_array_add(list, json_object_new_string_len(at, (int)length));
		at += length + (at[length] == '|');
	}
	if (field->nullable)
		json_object_array_add(list, NULL);
	json_object_object_add(schema, "enum", list);
}

static void put_string(struct json_object *schema, const struct field *field, bool reply)
{
	put_type(schema, "string", field->nullable);
	switch (field->type) {
	case FIELD_ID:
		put(schema, "format", "uuid");
		break;
	case FIELD_EMAIL:
		put(schema, "format", "email");
		put_int(schema, "maxLength", 254);
		break;
	case FIELD_URL:
		put(schema, "format", "uri");
		put_bounds(schema, field, reply, 1, 2048, "minLength", "maxLength");
		break;
	case FIELD_ENUM:
		put_choices(schema, field);
		break;
	case FIELD_CURSOR:
		break;
	default:
		put_bounds(schema, field, reply, 1, field->type == FIELD_LINES ? 5000 : 255, "minLength", "maxLength");
	}
}

struct json_object *schema_field(const struct field *field, bool reply)
{
	struct json_object *schema = json_object_new_object(), *items;
	switch (field->type) {
	case FIELD_INT:
		put_type(schema, "integer", field->nullable);
		put(schema, "format", "int64");
		if (field->least || field->most)
			put_bounds(schema, field, reply, 0, 0, "minimum", "maximum");
		break;
	case FIELD_BOOL:
		put_type(schema, "boolean", field->nullable);
		break;
	case FIELD_JSON:
		put_type(schema, "object|array", field->nullable);
		json_object_object_add(schema, "items", json_object_new_object());
		break;
	case FIELD_TEXTS:
		put_type(schema, "array", field->nullable);
		items = json_object_new_object();
		put(items, "type", "string");
		json_object_object_add(schema, "items", items);
		put_bounds(schema, field, reply, 0, 64, "minItems", "maxItems");
		break;
	default:
		put_string(schema, field, reply);
	}
	put(schema, "description", field->doc);
	return schema;
}

struct json_object *schema_fields(const struct field *fields, enum field_place place, bool reply, bool csrf)
{
	struct json_object *schema = json_object_new_object(), *properties = json_object_new_object(), *required = json_object_new_array();
	put(schema, "type", "object");
	for (const struct field *field = fields; field && field->name; field++) {
		if (!reply && field->place != place)
			continue;
		json_object_object_add(properties, field->name, schema_field(field, reply));
		if (field->required)
			json_object_array_add(required, json_object_new_string(field->name));
	}
	if (csrf) {
		struct json_object *token = json_object_new_object();
		put(token, "type", "string");
		put(token, "description", "the page's token against forged requests; required with the session cookie");
		json_object_object_add(properties, "csrf", token);
	}
	json_object_object_add(schema, "properties", properties);
	if (json_object_array_length(required))
		json_object_object_add(schema, "required", required);
	else
		json_object_put(required);
	json_object_object_add(schema, "additionalProperties", json_object_new_boolean(false));
	return schema;
}

static struct json_object *example_text(const struct field *field)
{
	static const char FILL[] = "example text that is as long as the field's least length asks for, and not a character longer than that";
	bool own = field->least || field->most;
	size_t most = own && field->most < 7 ? (size_t)field->most : 7, least = own ? (size_t)field->least : 1;
	size_t length = least > most ? least : most;
	return json_object_new_string_len(FILL, (int)(length < sizeof FILL - 1 ? length : sizeof FILL - 1));
}

struct json_object *example_field(const struct field *field)
{
	struct json_object *list;
	switch (field->type) {
	case FIELD_ID:
		return json_object_new_string("01936f3e-7c1a-7d2b-8e4f-5a6b7c8d9e0f");
	case FIELD_EMAIL:
		return json_object_new_string("person@example.com");
	case FIELD_URL:
		return json_object_new_string("https://shop.example");
	case FIELD_INT:
		return json_object_new_int64(field->least > 1 || (field->most && field->most < 1) ? field->least : 1);
	case FIELD_BOOL:
		return json_object_new_boolean(true);
	case FIELD_ENUM:
		return json_object_new_string_len(field->choices, (int)strcspn(field->choices, "|"));
	case FIELD_JSON:
		return json_object_new_object();
	case FIELD_TEXTS:
		list = json_object_new_array();
		json_object_array_add(list, json_object_new_string("https://shop.example"));
		return list;
	case FIELD_CURSOR:
		return json_object_new_string("5q1Vb0q9Y2xhc3M");
	default:
		return example_text(field);
	}
}

struct json_object *example_fields(const struct field *fields, enum field_place place)
{
	struct json_object *example = json_object_new_object();
	for (const struct field *field = fields; field && field->name; field++)
		if (field->place == place && field->required)
			json_object_object_add(example, field->name, example_field(field));
	return example;
}

struct json_object *schema_problem(void)
{
	static const struct field ROWS[] = {
		REPLY("type", FIELD_TEXT, .required = true, .doc = "relative URI of the kind of problem: /problems/<code>"),
		REPLY("title", FIELD_TEXT, .required = true, .doc = "the same for every problem of this kind"),
		REPLY("status", FIELD_INT, .required = true, .doc = "the HTTP status"),
		REPLY("detail", FIELD_TEXT, .doc = "what is wrong with this request"),
		REPLY("code", FIELD_TEXT, .required = true, .doc = "the kind, for programs"),
		REPLY("field", FIELD_TEXT, .doc = "the input field at fault"),
		REPLY("request_id", FIELD_ID, .required = true, .doc = "names this request in the log"),
		FIELD_END};
	struct json_object *schema = schema_fields(ROWS, IN_BODY, true, false);
	put(schema, "description", "An error, as RFC 9457 describes it.");
	return schema;
}

static enum err column_known(struct openapi *openapi, const PGresult *described, int column, bool *required_out, const char **comment_out)
{
	struct ctx *ctx = &openapi->cli->ctx;
	PGresult *result;
	*required_out = false;
	*comment_out = NULL;
	if (!PQftable(described, column))
		return OK;
	TRY(pg_run(&openapi->lease, &SQL_OPS_COLUMN, PARAMS(pg_int(ctx, PQftable(described, column)),
		pg_int(ctx, PQftablecol(described, column))), &result));
	if (PQntuples(result) == 1) {
		*required_out = pg_true(result, 0, "required");
		*comment_out = pg_text(result, 0, "comment");
	}
	return OK;
}

/* A computed column may be null for all that the database tells. */
static enum err put_column(struct openapi *openapi, const PGresult *described, int column, struct json_object *properties)
{
	const char *format = NULL, *type = rows_type(PQftype(described, column), &format), *comment;
	bool required;
	TRY(column_known(openapi, described, column, &required, &comment));
	struct json_object *schema = json_object_new_object();
	if (!strcmp(type, "object"))
		put_type(schema, "object|array|string|number|boolean", true);
	else
		put_type(schema, type, !required);
	if (format)
		put(schema, "format", format);
	struct json_object *items = json_object_new_object();
	if (!strcmp(type, "array"))
		put(items, "type", "string");
	if (!strcmp(type, "array") || !strcmp(type, "object"))
		json_object_object_add(schema, "items", items);
	else
		json_object_put(items);
	if (comment)
		put(schema, "description", comment);
	json_object_object_add(properties, PQfname(described, column), schema);
	return OK;
}

static enum err schema_described(struct openapi *openapi, const struct statement *statement, struct json_object *schema)
{
	struct ctx *ctx = &openapi->cli->ctx;
	PGconn *connection = pg_raw(&openapi->lease);
	PGresult *prepared = PQprepare(connection, "described", statement->text, 0, NULL);
	enum err err = OK;
	if (PQresultStatus(prepared) != PGRES_COMMAND_OK) {
		err = fail(ctx, ERR_INTERNAL, "%s does not prepare", statement->name);
		ctx_explain(ctx, "%s", PQresultErrorMessage(prepared));
	}
	PQclear(prepared);
	TRY(err);
	PGresult *described = PQdescribePrepared(connection, "described");
	struct json_object *properties = json_object_new_object(), *required = json_object_new_array();
	for (int column = 0; column < PQnfields(described) && err == OK; column++) {
		err = put_column(openapi, described, column, properties);
		json_object_array_add(required, json_object_new_string(PQfname(described, column)));
	}
	PQclear(described);
	PQclear(PQexec(connection, "deallocate described"));
	put(schema, "type", "object");
	json_object_object_add(schema, "properties", properties);
	json_object_object_add(schema, "required", required);
	json_object_object_add(schema, "additionalProperties", json_object_new_boolean(false));
	return err;
}

enum err schema_rows(struct openapi *openapi, const struct statement *statement, struct json_object **ref_out)
{
	struct json_object *schema;
	*ref_out = json_object_new_object();
	put(*ref_out, "$ref", arena_printf(&openapi->cli->ctx.arena, "#/components/schemas/%s", statement->name));
	if (json_object_object_get_ex(openapi->schemas, statement->name, &schema))
		return OK;
	schema = json_object_new_object();
	json_object_object_add(openapi->schemas, statement->name, schema);
	return schema_described(openapi, statement, schema);
}
