#include "mail/outbox.h"

#include "text/json.h"
#include "text/language.h"
#include "text/template.h"

#include <pthread.h>
#include <string.h>

#define RENDERED_MOST ((size_t)2 << 20)

/* Read when the first mail is written, and again after a failure. */
static const struct template_set *templates(struct ctx *ctx)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct template_set *set;
	char message[256];
	pthread_mutex_lock(&lock);
	if (!set && !(set = template_load(arena_printf(&ctx->arena, "%s/mail", conf_string("web.templates")), NULL, message))) {
		fail(ctx, ERR_UNAVAILABLE, "The templates of mails cannot be read (web.templates)");
		ctx_explain(ctx, "%s", message);
	}
	pthread_mutex_unlock(&lock);
	return set;
}

static enum err render(struct ctx *ctx, const struct template_set *set, const char *name, struct json_object *view, const char **text_out)
{
	struct buffer out = {.limit = RENDERED_MOST};
	enum err err = template_render(ctx, set, name, view, &out);
	const char *text = out.data ? out.data : "";
	size_t length = out.length;
	for (; length && strchr(" \n", *text); length--)
		text++;
	*text_out = arena_memdup(&ctx->arena, text, length);
	buffer_free(&out);
	return err;
}

static enum err part(struct ctx *ctx, const struct template_set *set, const char *name, struct json_object *view, const char *which,
	const char **text_out)
{
	json_object_object_add(view, which, json_object_new_boolean(true));
	enum err err = render(ctx, set, name, view, text_out);
	json_object_object_del(view, which);
	return err;
}

/* A subject is one line, and values may have brought others. */
static const char *line_of(struct ctx *ctx, const char *text)
{
	char *line = arena_strdup(&ctx->arena, text);
	size_t length = strlen(line);
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = ' ';
	while (length && line[length - 1] == ' ')
		line[--length] = '\0';
	for (; length > MAIL_SUBJECT_MOST || (length && ((unsigned char)line[length] & 0xc0) == 0x80);)
		line[--length] = '\0';
	return line;
}

enum err mail_phrase(struct ctx *ctx, const struct mail_words *words, const char **line_out)
{
	const struct template_set *set = templates(ctx);
	const char *text;
	if (!set)
		return ctx->fault.err;
	TRY(render(ctx, set, arena_printf(&ctx->arena, "%s.%s", words->name, language_of(words->language)), words->view, &text));
	*line_out = line_of(ctx, text);
	return OK;
}

enum err mail_part(struct ctx *ctx, const struct mail_words *words, const char *which, const char **text_out)
{
	const struct template_set *set = templates(ctx);
	if (!set)
		return ctx->fault.err;
	return part(ctx, set, arena_printf(&ctx->arena, "%s.%s", words->name, language_of(words->language)), words->view, which, text_out);
}

enum err mail_render(struct ctx *ctx, const struct mail_words *words, struct mail *mail)
{
	const struct template_set *set = templates(ctx);
	struct json_object *view = words->view;
	const char *subject, *text, *html, *footer;
	if (!set)
		return ctx->fault.err;
	const char *language = language_of(words->language);
	const char *name = arena_printf(&ctx->arena, "%s.%s", words->name, language);
	const char *foot = arena_printf(&ctx->arena, "footer.%s", language);
	json_object_object_add(view, "language", json_object_new_string(language));
	if (words->unsubscribe)
		json_object_object_add(view, "unsubscribe", json_object_new_string(words->unsubscribe));
	TRY(part(ctx, set, name, view, "subject", &subject));
	TRY(part(ctx, set, name, view, "text", &text));
	TRY(part(ctx, set, foot, view, "text", &footer));
	mail->subject = line_of(ctx, subject);
	mail->text = arena_printf(&ctx->arena, "%s\n-- \n%s", text, footer);
	TRY(part(ctx, set, name, view, "html", &html));
	TRY(part(ctx, set, foot, view, "html", &footer));
	json_object_object_add(view, "title", json_object_new_string(mail->subject));
	json_object_object_add(view, "content", json_object_new_string(html));
	json_object_object_add(view, "footer", json_object_new_string(footer));
	TRY(render(ctx, set, "layout", view, &mail->html));
	mail->unsubscribe = words->unsubscribe;
	return OK;
}
