#include "mail/mail.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "mail/address.h"
#include "mail/encode.h"

#include <sodium.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define ID_MOST 200

bool address_valid(const char *address)
{
	const char *at = strchr(address, '@');
	size_t length = strlen(address);
	if (!at || at == address || at[1] == '\0' || strchr(at + 1, '@') || length > 254 || !utf8_valid(address, length))
		return false;
	for (; *address; address++)
		if ((unsigned char)*address <= ' ' || *address == 0x7f || strchr("<>()[]\\,;:\"", *address))
			return false;
	return true;
}

bool mailbox_read(struct ctx *ctx, const char *text, struct mailbox *mailbox_out)
{
	const char *open = strchr(text, '<');
	*mailbox_out = (struct mailbox){.name = "", .address = text};
	if (open) {
		const char *end = open;
		while (end > text && (end[-1] == ' ' || end[-1] == '"'))
			end--;
		while (text < end && (*text == ' ' || *text == '"'))
			text++;
		size_t length = strlen(open);
		if (open[length - 1] != '>')
			return false;
		mailbox_out->name = arena_memdup(&ctx->arena, text, (size_t)(end - text));
		mailbox_out->address = arena_memdup(&ctx->arena, open + 1, length - 2);
	}
	return one_line(mailbox_out->name, MAIL_NAME_MOST) && address_valid(mailbox_out->address);
}

static void date(struct buffer *out)
{
	static const char *const DAYS[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char *const MONTHS[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t now = (time_t)clock_wall_s();
	struct tm utc;
	gmtime_r(&now, &utc);
	buffer_printf(out, "Date: %s, %02d %s %d %02d:%02d:%02d +0000\r\n", DAYS[utc.tm_wday], utc.tm_mday, MONTHS[utc.tm_mon],
		utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

static bool id_fits(const char *id)
{
	size_t length = strlen(id);
	return length > 0 && length <= ID_MOST && strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") == length &&
		id[0] != '.' && id[length - 1] != '.' && !strstr(id, "..");
}

static bool link_fits(const char *link)
{
	if (strncmp(link, "https://", 8) != 0 && strncmp(link, "http://", 7) != 0)
		return false;
	for (const char *at = link; *at; at++)
		if (*at <= ' ' || *at > '~' || strchr("<>,\"\\", *at))
			return false;
	return strlen(link) <= MAIL_LINK_MOST;
}

/* type/subtype as RFC 2045 has it, perhaps with "; charset=utf-8". multipart and message would need another encoding. */
static bool type_fits(const char *type)
{
	static const char TOKEN[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$&-^_.+";
	size_t first = strspn(type, TOKEN), second = type[first] == '/' ? strspn(type + first + 1, TOKEN) : 0;
	const char *rest = type + first + 1 + second;
	return first > 0 && second > 0 && first + second < 60 && (!*rest || !strcmp(rest, "; charset=utf-8")) &&
		!(first == 9 && !strncasecmp(type, "multipart", 9)) && !(first == 7 && !strncasecmp(type, "message", 7));
}

static enum err check_attachments(struct ctx *ctx, const struct mail *mail)
{
	size_t bytes = 0;
	if (mail->attachment_count > MAIL_ATTACHMENTS)
		return fail(ctx, ERR_INVALID, "A mail has at most %d attachments", MAIL_ATTACHMENTS);
	for (int i = 0; i < mail->attachment_count; i++) {
		const struct mail_attachment *part = &mail->attachments[i];
		if (!*part->name || !one_line(part->name, MAIL_NAME_MOST) || strpbrk(part->name, "/\\") || !type_fits(part->type))
			return fail(ctx, ERR_INVALID, "An attachment's name or type is malformed");
		if (part->bytes > MAIL_ATTACHED_MOST - bytes)
			return fail(ctx, ERR_INVALID, "The attachments are larger than %zu bytes", MAIL_ATTACHED_MOST);
		bytes += part->bytes;
	}
	return OK;
}

static enum err check(struct ctx *ctx, const struct mail *mail)
{
	if (!address_valid(mail->to) || (mail->to_name && !one_line(mail->to_name, MAIL_NAME_MOST)))
		return fail(ctx, ERR_INVALID, "The recipient's address is malformed");
	if (mail->from_name && !one_line(mail->from_name, MAIL_NAME_MOST))
		return fail(ctx, ERR_INVALID, "The sender's name is malformed");
	if (!one_line(mail->subject, MAIL_SUBJECT_MOST) || !id_fits(mail->id))
		return fail(ctx, ERR_INVALID, "The mail's subject or id is malformed");
	if (mail->unsubscribe && !link_fits(mail->unsubscribe))
		return fail(ctx, ERR_INVALID, "The mail's link to unsubscribe is malformed");
	if (strlen(mail->text) > MAIL_BODY_MOST || (mail->html && strlen(mail->html) > MAIL_BODY_MOST))
		return fail(ctx, ERR_INVALID, "The mail is too long");
	return check_attachments(ctx, mail);
}

/* "=_" occurs in neither encoding, and the id keeps a forwarded mail's boundaries from the ones around it. */
static const char *boundary(struct ctx *ctx, const char *id, char level)
{
	unsigned char hash[16];
	char hex[2 * sizeof hash + 1];
	crypto_generichash(hash, sizeof hash, (const unsigned char *)id, strlen(id), NULL, 0);
	return arena_printf(&ctx->arena, "=_%c%s", level, sodium_bin2hex(hex, sizeof hex, hash, sizeof hash));
}

static void body_part(struct buffer *out, const char *type, const char *text)
{
	buffer_printf(out, "Content-Type: %s; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", type);
	quoted_printable(out, text);
}

static void bodies(struct ctx *ctx, const struct mail *mail, struct buffer *out)
{
	const char *between = boundary(ctx, mail->id, 'a');
	if (!mail->html) {
		body_part(out, "text/plain", mail->text);
		return;
	}
	buffer_printf(out, "Content-Type: multipart/alternative;\r\n boundary=\"%s\"\r\n\r\n--%s\r\n", between, between);
	body_part(out, "text/plain", mail->text);
	buffer_printf(out, "\r\n--%s\r\n", between);
	body_part(out, "text/html", mail->html);
	buffer_printf(out, "\r\n--%s--\r\n", between);
}

static void attachment(const struct mail_attachment *part, struct buffer *out)
{
	buffer_printf(out, "Content-Type: %s\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment", part->type);
	parameter_text(out, "filename", part->name);
	buffer_text(out, "\r\n\r\n");
	base64_lines(out, part->data, part->bytes);
}

static void content(struct ctx *ctx, const struct mail *mail, struct buffer *out)
{
	const char *between = boundary(ctx, mail->id, 'm');
	if (!mail->attachment_count) {
		bodies(ctx, mail, out);
		return;
	}
	buffer_printf(out, "Content-Type: multipart/mixed;\r\n boundary=\"%s\"\r\n\r\n--%s\r\n", between, between);
	bodies(ctx, mail, out);
	for (int i = 0; i < mail->attachment_count; i++) {
		buffer_printf(out, "\r\n--%s\r\n", between);
		attachment(&mail->attachments[i], out);
	}
	buffer_printf(out, "\r\n--%s--\r\n", between);
}

enum err mail_compose(struct ctx *ctx, const struct mail *mail, const char *from, struct buffer *out)
{
	struct mailbox sender, answers;
	if (!mailbox_read(ctx, from, &sender))
		return fail(ctx, ERR_INVALID, "The sender's address is malformed (mail.from)");
	if (mail->reply_to && !mailbox_read(ctx, mail->reply_to, &answers))
		return fail(ctx, ERR_INVALID, "The address for answers is malformed");
	TRY(check(ctx, mail));
	date(out);
	header_mailbox(out, "From", mail->from_name ? mail->from_name : sender.name, sender.address);
	header_mailbox(out, "To", mail->to_name, mail->to);
	if (mail->reply_to)
		header_mailbox(out, "Reply-To", answers.name, answers.address);
	header_text(out, "Subject", mail->subject);
	buffer_printf(out, "Message-ID: <%s@%s>\r\nAuto-Submitted: auto-generated\r\n", mail->id, strchr(sender.address, '@') + 1);
	if (mail->unsubscribe)
		buffer_printf(out, "List-Unsubscribe: <%s>\r\n", mail->unsubscribe);
	if (mail->unsubscribe && strncmp(mail->unsubscribe, "https://", 8) == 0)
		buffer_text(out, "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n");
	buffer_text(out, "MIME-Version: 1.0\r\n");
	content(ctx, mail, out);
	return out->failed ? fail(ctx, ERR_INVALID, "The mail is too long") : OK;
}
