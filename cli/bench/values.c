#include "cli/bench/values.h"

#include "base/clock.h"
#include "base/id.h"

#include <inttypes.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void draw_open(struct draw *draw, const struct scenario *scenario)
{
	*draw = (struct draw){.scenario = scenario, .sequences = calloc((size_t)scenario->variable_count + 1, sizeof *draw->sequences)};
	if (!draw->sequences)
		abort();
	randombytes_buf(draw->chance, sizeof draw->chance);
	draw->chance[0] |= 1;
	for (int i = 0; i < scenario->variable_count; i++)
		draw->sequences[i] = scenario->variables[i].least;
}

void draw_close(struct draw *draw)
{
	free(draw->sequences);
	*draw = (struct draw){0};
}

/* xorshift128+ (Vigna, "Further scramblings of Marsaglia's xorshift generators", 2014): a request's data needs speed, not secrecy. */
static uint64_t draw_next(struct draw *draw)
{
	uint64_t a = draw->chance[0], b = draw->chance[1];
	draw->chance[0] = b;
	a ^= a << 23;
	draw->chance[1] = a ^ b ^ (a >> 18) ^ (b >> 5);
	return draw->chance[1] + b;
}

double draw_share(struct draw *draw)
{
	return (double)(draw_next(draw) >> 11) * 0x1p-53;
}

int64_t draw_between(struct draw *draw, int64_t least, int64_t most)
{
	return least + (int64_t)(draw_share(draw) * (double)(most - least + 1));
}

struct value *values_new(const struct scenario *scenario)
{
	struct value *values = calloc((size_t)scenario->variable_count + 1, sizeof *values);
	if (!values)
		abort();
	return values;
}

void values_free(const struct scenario *scenario, struct value *values)
{
	for (int i = 0; values && i < scenario->variable_count; i++)
		free(values[i].text);
	free(values);
}

void values_begin(const struct scenario *scenario, struct value *values)
{
	for (int i = 0; i < scenario->variable_count; i++)
		if (scenario->variables[i].kind > VARIABLE_CAPTURED)
			values[i].length = SIZE_MAX;
}

void value_set(struct value *value, const char *text, size_t bytes)
{
	if (!value->text || value->room < bytes + 1) {
		value->room = bytes + 32;
		value->text = realloc(value->text, value->room);
		if (!value->text)
			abort();
	}
	memcpy(value->text, text, bytes);
	value->text[bytes] = 0;
	value->length = bytes;
}

static void make_letters(struct draw *draw, const struct variable *variable, struct value *value)
{
	size_t bytes = (size_t)draw_between(draw, variable->least, variable->most);
	value_set(value, "", 0);
	struct buffer text = {0};
	for (size_t i = 0, word = (size_t)draw_between(draw, 2, 9); i < bytes; i++) {
		bool gap = !word-- && i + 1 < bytes;
		buffer_char(&text, gap ? ' ' : (char)('a' + draw_between(draw, 0, 25)));
		if (gap)
			word = (size_t)draw_between(draw, 2, 9);
	}
	value_set(value, text.data, text.length);
	buffer_free(&text);
}

static void make_uuid(struct draw *draw, const struct variable *variable, struct value *value)
{
	char text[ID_TEXT];
	if (variable->least == 7)
		id_new(text);
	else {
		uint64_t random[2] = {draw_next(draw), draw_next(draw)};
		uint8_t bytes[ID_BYTES];
		memcpy(bytes, random, sizeof bytes);
		bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40);
		bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
		id_format(bytes, text);
	}
	value_set(value, text, strlen(text));
}

static void make_now(const struct variable *variable, struct value *value)
{
	char text[CLOCK_TEXT];
	int64_t now_us = clock_wall_us();
	if (variable->least == NOW_ISO)
		clock_format(now_us, text);
	else
		snprintf(text, sizeof text, "%" PRId64, now_us / (variable->least == NOW_S ? 1000000 : 1000));
	value_set(value, text, strlen(text));
}

static void make_hmac(struct draw *draw, struct value *values, const struct variable *variable, struct value *value)
{
	struct buffer key = {.limit = MADE_BYTES}, text = {.limit = MADE_BYTES};
	crypto_auth_hmacsha256_state state;
	uint8_t mac[crypto_auth_hmacsha256_BYTES];
	char hex[2 * sizeof mac + 1];
	values_render(draw, values, &variable->key, &key);
	values_render(draw, values, &variable->made, &text);
	crypto_auth_hmacsha256_init(&state, (const uint8_t *)(key.data ? key.data : ""), key.length);
	crypto_auth_hmacsha256_update(&state, (const uint8_t *)(text.data ? text.data : ""), text.length);
	crypto_auth_hmacsha256_final(&state, mac);
	sodium_bin2hex(hex, sizeof hex, mac, sizeof mac);
	value_set(value, hex, sizeof hex - 1);
	buffer_free(&key);
	buffer_free(&text);
}

static void make_pattern(struct draw *draw, struct value *values, const struct pattern *pattern, struct value *value)
{
	struct buffer text = {.limit = MADE_BYTES};
	values_render(draw, values, pattern, &text);
	value_set(value, text.data ? text.data : "", text.length);
	buffer_free(&text);
}

static void make(struct draw *draw, struct value *values, int at)
{
	const struct variable *variable = &draw->scenario->variables[at];
	struct value *value = &values[at];
	char text[96];
	switch (variable->kind) {
	case VARIABLE_SET:
		value_set(value, variable->text, strlen(variable->text));
		return;
	case VARIABLE_CAPTURED:
		value_set(value, "", 0);
		return;
	case VARIABLE_SEQUENCE:
		snprintf(text, sizeof text, "%" PRId64, draw->sequences[at]);
		draw->sequences[at] = draw->sequences[at] == variable->most ? variable->least : draw->sequences[at] + 1;
		break;
	case VARIABLE_NUMBER:
		snprintf(text, sizeof text, "%" PRId64, draw_between(draw, variable->least, variable->most));
		break;
	case VARIABLE_CHOOSE: {
		const char *choice = variable->choices[draw_between(draw, 0, variable->choice_count - 1)];
		value_set(value, choice, strlen(choice));
		return;
	}
	case VARIABLE_TEXT:
		make_letters(draw, variable, value);
		return;
	case VARIABLE_UUID:
		make_uuid(draw, variable, value);
		return;
	case VARIABLE_EMAIL:
		snprintf(text, sizeof text, "%016" PRIx64 "@%.64s", draw_next(draw), variable->text);
		break;
	case VARIABLE_NOW:
		make_now(variable, value);
		return;
	case VARIABLE_DAY:
		clock_format(clock_wall_us() - draw_between(draw, variable->least, variable->most) * 86400000000, text);
		text[10] = 0;
		break;
	case VARIABLE_HMAC:
		make_hmac(draw, values, variable, value);
		return;
	case VARIABLE_PATTERN:
		make_pattern(draw, values, &variable->made, value);
		return;
	}
	value_set(value, text, strlen(text));
}

static bool plain_json(const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c < ' ' || c == '"' || c == '\\' || c >= 0x7f)
			return false;
	}
	return true;
}

static void render_value(const struct value *value, enum escape escape, struct buffer *out)
{
	if (escape == ESCAPE_URL)
		buffer_url(out, value->text, value->length);
	else if (escape == ESCAPE_JSON && !plain_json(value->text, value->length)) {
		struct buffer quoted = {0};
		buffer_json(&quoted, value->text, value->length);
		buffer_add(out, quoted.data + 1, quoted.length - 2);
		buffer_free(&quoted);
	} else
		buffer_add(out, value->text, value->length);
}

void values_render(struct draw *draw, struct value *values, const struct pattern *pattern, struct buffer *out)
{
	for (int i = 0; i < pattern->count; i++) {
		const struct piece *piece = &pattern->pieces[i];
		if (piece->text) {
			buffer_add(out, piece->text, piece->length);
			continue;
		}
		struct value *value = &values[piece->variable];
		if (!value->text || value->length == SIZE_MAX)
			make(draw, values, piece->variable);
		render_value(value, piece->escape, out);
	}
}
