#include "config.h"

#include "openapi.h"

#include <ctype.h>
#include <string.h>

static struct json_object *ref(const char *target)
{
	struct json_object *object = json_object_new_object();
	put(object, "$ref", target);
	return object;
}

/* "/api/v1/orgs/:id" -> "/api/v1/orgs/{id}" */
static const char *path_template(struct ctx *ctx, const char *path)
{
	struct buffer out = {0};
	while (*path) {
		size_t length = strcspn(path, ":");
		buffer_add(&out, path, length);
		path += length;
		if (!*path)
			break;
		length = strcspn(++path, "/");
		buffer_char(&out, '{');
		buffer_add(&out, path, length);
		buffer_char(&out, '}');
		path += length;
	}
	const char *text = arena_strdup(&ctx->arena, out.data);
	buffer_free(&out);
	return text;
}

/* "GET /api/v1/orgs/keys/:id" -> "getOrgsKeysById" */
static const char *operation_id(struct ctx *ctx, const struct route *route)
{
	struct buffer out = {0};
	const char *path = route->path;
	for (const char *at = method_text(route->method); *at; at++)
		buffer_char(&out, (char)tolower((unsigned char)*at));
	if (!strncmp(path, "/api/v1", 7))
		path += 7;
	else if (route->shape == REPLY_PAGE || route->access == ACCESS_PAGE)
		buffer_text(&out, "Page");
	bool upper = true;
	for (; *path; path++) {
		if (*path == ':')
			buffer_text(&out, "By");
		else if (isalnum((unsigned char)*path))
			buffer_char(&out, upper ? (char)toupper((unsigned char)*path) : *path);
		upper = !isalnum((unsigned char)*path);
	}
	const char *text = arena_strdup(&ctx->arena, out.data);
	buffer_free(&out);
	return text;
}

static struct json_object *parameters_of(const struct route *route)
{
	static const char *const PLACES[] = {[IN_BODY] = "", [IN_QUERY] = "query", [IN_PATH] = "path", [IN_HEADER] = "header"};
	struct json_object *list = json_object_new_array();
	for (const struct field *field = route->input; field && field->name; field++) {
		if (field->place == IN_BODY)
			continue;
		struct json_object *parameter = json_object_new_object();
		put(parameter, "name", field->name);
		put(parameter, "in", PLACES[field->place]);
		json_object_object_add(parameter, "required", json_object_new_boolean(field->required || field->place == IN_PATH));
		put(parameter, "description", field->doc);
		json_object_object_add(parameter, "schema", schema_field(field, false));
		json_object_object_add(parameter, "example", example_field(field));
		json_object_array_add(list, parameter);
	}
	return list;
}

static struct json_object *content_of(const char *media, struct json_object *schema, struct json_object *example)
{
	struct json_object *content = json_object_new_object(), *body = json_object_new_object();
	json_object_object_add(body, "schema", schema);
	if (example)
		json_object_object_add(body, "example", example);
	json_object_object_add(content, media, body);
	return content;
}

/* What somebody else defines. */
static struct json_object *body_raw(void)
{
	struct json_object *body = json_object_new_object(), *schema = json_object_new_object();
	json_object_object_add(schema, "type", json_object_new_string("object"));
	json_object_object_add(schema, "additionalProperties", json_object_new_boolean(true));
	json_object_object_add(body, "required", json_object_new_boolean(true));
	json_object_object_add(body, "content", content_of("application/json", schema, NULL));
	return body;
}

static struct json_object *body_of(const struct route *route)
{
	if (route->raw)
		return body_raw();
	bool some = route->form, required = false;
	for (const struct field *field = route->input; field && field->name; field++) {
		some |= field->place == IN_BODY;
		required |= field->place == IN_BODY && field->required;
	}
	if (!some)
		return NULL;
	struct json_object *body = json_object_new_object();
	json_object_object_add(body, "required", json_object_new_boolean(required));
	json_object_object_add(body, "content", content_of(route->form ? "application/x-www-form-urlencoded" : "application/json",
		schema_fields(route->input, IN_BODY, false, route->form), example_fields(route->input, IN_BODY)));
	return body;
}

static struct json_object *wrapped(struct json_object *data, bool list)
{
	static const struct field META[] = {
		REPLY("limit", FIELD_INT, .required = true, .doc = "most rows of this page"),
		REPLY("next", FIELD_TEXT, .required = true, .nullable = true, .doc = "cursor of the next page; null: this is the last"),
		FIELD_END};
	struct json_object *schema = json_object_new_object(), *properties = json_object_new_object(), *required = json_object_new_array();
	json_object_array_add(required, json_object_new_string("data"));
	if (list) {
		struct json_object *array = json_object_new_object();
		put(array, "type", "array");
		json_object_object_add(array, "items", data);
		data = array;
		json_object_object_add(properties, "meta", schema_fields(META, IN_BODY, true, false));
		json_object_array_add(required, json_object_new_string("meta"));
	}
	json_object_object_add(properties, "data", data);
	put(schema, "type", "object");
	json_object_object_add(schema, "properties", properties);
	json_object_object_add(schema, "required", required);
	json_object_object_add(schema, "additionalProperties", json_object_new_boolean(false));
	return schema;
}

/* NULL: the reply has no body. */
static enum err reply_content(struct openapi *openapi, const struct route *route, struct json_object **content_out)
{
	struct json_object *schema;
	*content_out = NULL;
	switch (route->shape) {
	case REPLY_FIELDS:
		*content_out = content_of("application/json", schema_fields(route->reply, IN_BODY, true, false), NULL);
		return OK;
	case REPLY_ROW:
	case REPLY_LIST:
		if (route->rows)
			TRY(schema_rows(openapi, route->rows, &schema));
		else
			schema = schema_fields(route->reply, IN_BODY, true, false);
		*content_out = content_of("application/json", wrapped(schema, route->shape == REPLY_LIST), NULL);
		return OK;
	case REPLY_PAGE:
	case REPLY_PLAIN:
		schema = json_object_new_object();
		put(schema, "type", "string");
		*content_out = content_of(route->shape == REPLY_PAGE ? "text/html" : route->media ? route->media : "text/plain", schema, NULL);
		return OK;
	default:
		return OK;
	}
}

static void response_add(struct openapi *openapi, struct json_object *responses, int status, const char *description,
	struct json_object *content)
{
	struct json_object *response = json_object_new_object();
	put(response, "description", description);
	if (content)
		json_object_object_add(response, "content", content);
	json_object_object_add(responses, arena_printf(&openapi->cli->ctx.arena, "%d", status), response);
}

static enum err responses_of(struct openapi *openapi, const struct route *route, struct json_object *responses)
{
	int status = route->status ? route->status : route->shape == REPLY_NOTHING ? 204 : 200;
	bool page = route->access == ACCESS_PAGE || route->access == ACCESS_PAGE_PUBLIC;
	struct json_object *content;
	TRY(reply_content(openapi, route, &content));
	if (status / 100 == 3 && content) {
		response_add(openapi, responses, 200, "The page again, saying what is wrong", content);
		content = NULL;
	}
	response_add(openapi, responses, status, status / 100 == 3 ? "Done: go on there" : "Done", content);
	if (route->also)
		response_add(openapi, responses, route->also, "The same body with another outcome", json_object_get(content));
	if (route->etag)
		response_add(openapi, responses, 304, "What the client has is current", NULL);
	if (route->access == ACCESS_PAGE && status != 303)
		response_add(openapi, responses, 303, "Not signed in: go to /login", NULL);
	json_object_object_add(responses, "4XX", ref(page ? "#/components/responses/PageProblem" : "#/components/responses/Problem"));
	json_object_object_add(responses, "5XX", ref(page ? "#/components/responses/PageProblem" : "#/components/responses/Problem"));
	return OK;
}

static void security_add(struct json_object *list, const char *scheme)
{
	struct json_object *one = json_object_new_object();
	json_object_object_add(one, scheme, json_object_new_array());
	json_object_array_add(list, one);
}

static struct json_object *security_of(const struct route *route)
{
	struct json_object *list = json_object_new_array();
	uint64_t bit = (uint64_t)1 << route->permission;
	bool keys = route->access == ACCESS_PERMISSION && (key_permissions(true) | key_permissions(false)) & bit;
	bool people = route->access == ACCESS_SESSION || (route->access == ACCESS_PERMISSION && role_permissions(ROLE_OWNER) & bit);
	if (people)
		security_add(list, "session");
	if (keys)
		security_add(list, "key");
	if (people || route->access == ACCESS_PAGE)
		security_add(list, "cookie");
	return list;
}

static enum err operation_of(struct openapi *openapi, const struct family *family, const struct route *route,
	struct json_object *operation)
{
	struct json_object *tags = json_object_new_array(), *responses = json_object_new_object(), *parameters = parameters_of(route);
	put(operation, "operationId", operation_id(&openapi->cli->ctx, route));
	put(operation, "summary", route->doc);
	put(operation, "description", arena_printf(&openapi->cli->ctx.arena, "%s. Latency class: %s.%s%s%s", route->doc,
		target_of(route->class)->text, route->access == ACCESS_PERMISSION ? " Permission: " : "",
		route->access == ACCESS_PERMISSION ? permission_text(route->permission) : "", route->access == ACCESS_PERMISSION ? "." : ""));
	json_object_array_add(tags, json_object_new_string(family->name));
	json_object_object_add(operation, "tags", tags);
	json_object_object_add(operation, "security", security_of(route));
	if (json_object_array_length(parameters))
		json_object_object_add(operation, "parameters", parameters);
	else
		json_object_put(parameters);
	struct json_object *body = body_of(route);
	if (body)
		json_object_object_add(operation, "requestBody", body);
	json_object_object_add(operation, "responses", responses);
	return responses_of(openapi, route, responses);
}

static enum err paths_add(struct openapi *openapi, const struct family *family, struct json_object *paths)
{
	for (const struct route *const *table = family->tables; *table; table++)
		for (const struct route *route = *table; route->path; route++) {
			struct json_object *item, *operation = json_object_new_object();
			const char *path = path_template(&openapi->cli->ctx, route->path);
			char method[8] = "";
			for (int i = 0; method_text(route->method)[i]; i++)
				method[i] = (char)tolower((unsigned char)method_text(route->method)[i]);
			if (!json_object_object_get_ex(paths, path, &item)) {
				item = json_object_new_object();
				json_object_object_add(paths, path, item);
			}
			json_object_object_add(item, method, operation);
			TRY(operation_of(openapi, family, route, operation));
		}
	return OK;
}

static struct json_object *security_schemes(void)
{
	struct json_object *schemes = json_object_new_object(), *one = json_object_new_object();
	put(one, "type", "http");
	put(one, "scheme", "bearer");
	put(one, "description", "Access token of a session, from POST /api/v1/auth/login.");
	json_object_object_add(schemes, "session", one);
	one = json_object_new_object();
	put(one, "type", "apiKey");
	put(one, "in", "header");
	put(one, "name", "X-API-Key");
	put(one, "description", "A widget key (public, bound to origins) or a server key (secret).");
	json_object_object_add(schemes, "key", one);
	one = json_object_new_object();
	put(one, "type", "apiKey");
	put(one, "in", "cookie");
	put(one, "name", PAGE_COOKIE);
	put(one, "description", "The pages' session. Methods that change something also need X-CSRF-Token, and must come from the site's own pages.");
	json_object_object_add(schemes, "cookie", one);
	return schemes;
}

static struct json_object *common_responses(void)
{
	struct json_object *responses = json_object_new_object(), *one = json_object_new_object(), *html = json_object_new_object();
	put(one, "description", "A problem");
	json_object_object_add(one, "content", content_of("application/problem+json", ref("#/components/schemas/Problem"), NULL));
	json_object_object_add(responses, "Problem", one);
	one = json_object_new_object();
	put(one, "description", "A page that says what is wrong");
	put(html, "type", "string");
	json_object_object_add(one, "content", content_of("text/html", html, NULL));
	json_object_object_add(responses, "PageProblem", one);
	return responses;
}

static struct json_object *document_head(void)
{
	struct json_object *document = json_object_new_object(), *info = json_object_new_object(), *license = json_object_new_object(),
		*contact = json_object_new_object(), *servers = json_object_new_array(), *server = json_object_new_object();
	put(document, "openapi", "3.1.0");
	put(info, "title", "Stoa");
	put(info, "version", PACKAGE_VERSION);
	put(info, "summary", "A self-hosted back office for small software companies.");
	put(info, "description", "Errors are RFC 9457 problems. Lists page by cursor: pass meta.next as cursor. Amounts are integers in minor units.");
	put(license, "name", "MIT");
	put(license, "identifier", "MIT");
	json_object_object_add(info, "license", license);
	put(contact, "name", "The operator of this installation");
	json_object_object_add(info, "contact", contact);
	json_object_object_add(document, "info", info);
	put(server, "url", "/");
	put(server, "description", "this installation");
	json_object_array_add(servers, server);
	json_object_object_add(document, "servers", servers);
	return document;
}

static enum err document_fill(struct openapi *openapi, struct json_object *document)
{
	struct json_object *tags = json_object_new_array(), *paths = json_object_new_object(), *components = json_object_new_object();
	json_object_object_add(document, "tags", tags);
	json_object_object_add(document, "paths", paths);
	json_object_object_add(document, "components", components);
	openapi->schemas = json_object_new_object();
	json_object_object_add(components, "schemas", openapi->schemas);
	json_object_object_add(openapi->schemas, "Problem", schema_problem());
	json_object_object_add(components, "responses", common_responses());
	json_object_object_add(components, "securitySchemes", security_schemes());
	for (const struct family *const *family = FAMILIES; *family; family++) {
		struct json_object *tag = json_object_new_object();
		put(tag, "name", (*family)->name);
		put(tag, "description", (*family)->doc);
		json_object_array_add(tags, tag);
		TRY(paths_add(openapi, *family, paths));
	}
	return OK;
}

static int openapi_run(struct cli *cli, int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return cli_usage(&COMMAND_OPENAPI);
	struct openapi openapi = {.cli = cli};
	struct pool *pool = pool_open(1);
	struct json_object *document = document_head();
	enum err err = lease_take(&cli->ctx, pool, &openapi.lease);
	if (err == OK)
		err = document_fill(&openapi, document);
	lease_return(&openapi.lease);
	if (err == OK)
		fprintf(cli->out, "%s\n", json_object_to_json_string_ext(document, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(document);
	int status = err == OK ? 0 : cli_fail(cli);
	ctx_reset(&cli->ctx);
	pool_close(pool);
	return status;
}

const struct command COMMAND_OPENAPI = {
	.name = "openapi",
	.usage = "openapi",
	.doc = "print the OpenAPI 3.1 document of every route; asks the migrated database what the statements answer",
	.needs = NEED_CONF,
	.run = openapi_run,
};
