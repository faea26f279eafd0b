#include "mail/mail.h"

#include "base/clock.h"
#include "mail/address.h"

#include <ctype.h>
#include <sodium.h>
#include <string.h>
#include <time.h>

#define WORD_BYTES 45 /* of text: 60 characters of base64, so that the encoded word has at most 75 */
#define LINE_MOST 76  /* of quoted-printable */

static bool plain_text(const char *text)
{
	for (const char *at = text; *at; at++)
		if ((unsigned char)*at < ' ' || (unsigned char)*at > '~')
			return false;
	return strlen(text) <= 60 && !strstr(text, "=?");
}

static bool one_line(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

/* At most WORD_BYTES of text, not cut inside a character. */
static size_t word_length(const char *text)
{
	size_t length = strnlen(text, WORD_BYTES + 1);
	if (length <= WORD_BYTES)
		return length;
	length = WORD_BYTES;
	while (length > 1 && ((unsigned char)text[length] & 0xc0) == 0x80)
		length--;
	return length;
}

static void encoded_words(struct buffer *out, const char *text)
{
	for (bool first = true; *text; first = false) {
		char word[sodium_base64_ENCODED_LEN(WORD_BYTES, sodium_base64_VARIANT_ORIGINAL)];
		size_t length = word_length(text);
		sodium_bin2base64(word, sizeof word, (const unsigned char *)text, length, sodium_base64_VARIANT_ORIGINAL);
		buffer_printf(out, "%s=?UTF-8?B?%s?=", first ? "" : "\r\n ", word);
		text += length;
	}
}

static void phrase(struct buffer *out, const char *name)
{
	if (!plain_text(name)) {
		encoded_words(out, name);
		return;
	}
	buffer_char(out, '"');
	for (; *name; name++) {
		if (*name == '"' || *name == '\\')
			buffer_char(out, '\\');
		buffer_char(out, *name);
	}
	buffer_char(out, '"');
}

bool address_valid(const char *address)
{
	const char *at = strchr(address, '@');
	if (!at || at == address || at[1] == '\0' || strchr(at + 1, '@') || strlen(address) > 254)
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
	return one_line(mailbox_out->name) && address_valid(mailbox_out->address);
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

static bool line_ends(const char *at)
{
	return *at == '\0' || *at == '\n' || (*at == '\r' && at[1] == '\n');
}

/* RFC 2045, section 6.7. */
static void quoted_printable(struct buffer *out, const char *text)
{
	int column = 0;
	for (const char *at = text; *at; at++) {
		if (line_ends(at)) {
			at += *at == '\r';
			buffer_text(out, "\r\n");
			column = 0;
			continue;
		}
		unsigned char c = (unsigned char)*at;
		bool blank = c == ' ' || c == '\t';
		bool plain = blank ? !line_ends(at + 1) : c > ' ' && c <= '~' && c != '=';
		int width = plain ? 1 : 3;
		if (column + width > LINE_MOST - !line_ends(at + 1)) {
			buffer_text(out, "=\r\n");
			column = 0;
		}
		if (plain)
			buffer_char(out, (char)c);
		else
			buffer_printf(out, "=%02X", c);
		column += width;
	}
	if (column > 0)
		buffer_text(out, "\r\n");
}

static bool id_fits(const char *id)
{
	size_t length = strlen(id);
	return length > 0 && length <= 200 && strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") == length &&
		id[0] != '.' && id[length - 1] != '.' && !strstr(id, "..");
}

enum err mail_compose(struct ctx *ctx, const struct mail *mail, const char *from, struct buffer *out)
{
	struct mailbox sender;
	if (!mailbox_read(ctx, from, &sender))
		return fail(ctx, ERR_INVALID, "The sender's address is malformed (mail.from)");
	if (!address_valid(mail->to))
		return fail(ctx, ERR_INVALID, "The recipient's address is malformed");
	if (!one_line(mail->subject) || !id_fits(mail->id))
		return fail(ctx, ERR_INVALID, "The mail's subject or id is malformed");
	date(out);
	buffer_text(out, "From: ");
	if (*sender.name) {
		phrase(out, sender.name);
		buffer_text(out, "\r\n ");
	}
	buffer_printf(out, "<%s>\r\nTo: <%s>\r\nSubject: ", sender.address, mail->to);
	if (plain_text(mail->subject))
		buffer_text(out, mail->subject);
	else
		encoded_words(out, mail->subject);
	buffer_printf(out, "\r\nMessage-ID: <%s@%s>\r\n", mail->id, strchr(sender.address, '@') + 1);
	buffer_text(out, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: quoted-printable\r\n\r\n");
	quoted_printable(out, mail->text);
	return out->failed ? fail(ctx, ERR_INVALID, "The mail is too long") : OK;
}
