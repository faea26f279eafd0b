/* Mustache templates (the specification's core: variables, sections, inverted sections, partials, comments, set
 * delimiters, and its whitespace rules for standalone lines) against a json-c value.
 *
 * {{x}} escapes HTML; {{{x}}} and {{&x}} do not. Dotted names and the implicit iterator {{.}} work. False are: a
 * missing name, null, false, 0, "" and []. An object or list written as a variable comes out as JSON. Not part of it:
 * lambdas, inheritance, dynamic names; a name with whitespace or one that begins with <, $ or * is an error. A set of
 * templates is read once at start-up and is read-only afterwards, so threads share it. */
#ifndef STOA_TEXT_TEMPLATE_H
#define STOA_TEXT_TEMPLATE_H

#include "base/buffer.h"
#include "base/context.h"
#include "text/catalogue.h"

#include <json-c/json.h>

struct template_set;

/* Compiles every *.mustache below folder, with the texts between {{#_}} and {{/_}} as the catalogue says them (NULL: as they stand);
 * names are paths without the suffix ("pages/login"). NULL: message_out (256 bytes) names file, line and fault. */
struct template_set *template_load(const char *folder, const struct catalogue *catalogue, char message_out[256]);
void template_free(struct template_set *set);

/* Renders into out. ERR_INTERNAL: no such template, partials nested deeper than TEMPLATE_DEPTH, more than a million
 * parts rendered, out failed. A missing variable or partial renders as nothing, as the specification says. */
#define TEMPLATE_DEPTH 32
enum err template_render(struct ctx *ctx, const struct template_set *set, const char *name,
	struct json_object *view, struct buffer *out);

/* Compiles and renders one template held in memory; partials from set (may be NULL). ERR_BAD_INPUT: it does not
 * parse, with line and fault. */
enum err template_render_text(struct ctx *ctx, const struct template_set *set, const char *text, size_t bytes,
	struct json_object *view, struct buffer *out);

#endif
