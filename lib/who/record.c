#include "who/record.h"

#include <string.h>

#define RECORD_VERSION 0x57484f33u

struct record {
	uint32_t version;
	int32_t rate_per_minute;
	int64_t expires_us;
	uint8_t kind, role, live, signature_required;
	uint32_t origin_count;
	char org_id[ID_TEXT], account_id[ID_TEXT], session_id[ID_TEXT], key_id[ID_TEXT];
	char zone[ZONE_NAME], language[3];
	uint8_t operates;
};

_Static_assert(sizeof(struct record) <= 256, "RECORD_MOST has room for the head");
/* Padding would carry bytes of the stack. */
_Static_assert(sizeof(struct record) == 24 + 4 * ID_TEXT + ZONE_NAME + 4, "no padding");

size_t record_write(const struct who *who, int64_t expires_us, char out[RECORD_MOST])
{
	struct record record = {
		.version = RECORD_VERSION,
		.rate_per_minute = who->rate_per_minute,
		.expires_us = expires_us,
		.kind = (uint8_t)who->kind,
		.role = (uint8_t)who->role,
		.live = who->live,
		.signature_required = who->signature_required,
		.origin_count = (uint32_t)who->origin_count,
		.operates = who_may(who, PERMIT_HOUSE_OPERATE),
	};
	char *end = out + sizeof record;

	memcpy(record.org_id, who->org_id, ID_TEXT);
	memcpy(record.account_id, who->account_id, ID_TEXT);
	memcpy(record.session_id, who->session_id, ID_TEXT);
	memcpy(record.key_id, who->key_id, ID_TEXT);
	memcpy(record.zone, who->zone, sizeof record.zone);
	memcpy(record.language, who->language, sizeof record.language);
	memcpy(out, &record, sizeof record);
	for (int i = 0; i < who->origin_count; i++)
		end = stpcpy(end, who->origins[i]) + 1;
	return (size_t)(end - out);
}

static bool origins_read(const char *data, size_t length, uint32_t count, struct who *who_out)
{
	for (uint32_t i = 0; i < count; i++) {
		size_t bytes = strnlen(data, length);

		if (bytes == length || bytes >= sizeof who_out->origins[i])
			return false;
		memcpy(who_out->origins[i], data, bytes + 1);
		data += bytes + 1;
		length -= bytes + 1;
	}
	who_out->origin_count = (int)count;
	return length == 0;
}

static bool head_valid(const struct record *record)
{
	return record->version == RECORD_VERSION && record->kind >= WHO_SESSION && record->kind <= WHO_WIDGET_KEY
		&& record->role < ROLE_COUNT && record->origin_count <= WHO_ORIGINS && !record->org_id[ID_TEXT - 1]
		&& !record->account_id[ID_TEXT - 1] && !record->session_id[ID_TEXT - 1] && !record->key_id[ID_TEXT - 1]
		&& !record->zone[ZONE_NAME - 1] && !record->language[2];
}

bool record_read(const char *data, size_t length, struct who *who_out, int64_t *expires_us_out)
{
	struct record record;

	if (length < sizeof record)
		return false;
	memcpy(&record, data, sizeof record);
	if (!head_valid(&record))
		return false;
	who_out->kind = (enum who_kind)record.kind;
	who_out->role = (enum role)record.role;
	who_out->live = record.live != 0;
	who_out->signature_required = record.signature_required != 0;
	who_out->rate_per_minute = record.rate_per_minute;
	who_out->permissions = record.kind == WHO_SESSION ? role_permissions(who_out->role) : key_permissions(record.kind == WHO_WIDGET_KEY);
	if (record.kind == WHO_SESSION && record.operates)
		who_out->permissions |= operator_permissions();
	memcpy(who_out->org_id, record.org_id, ID_TEXT);
	memcpy(who_out->account_id, record.account_id, ID_TEXT);
	memcpy(who_out->session_id, record.session_id, ID_TEXT);
	memcpy(who_out->key_id, record.key_id, ID_TEXT);
	memcpy(who_out->zone, record.zone, sizeof record.zone);
	memcpy(who_out->language, record.language, sizeof record.language);
	*expires_us_out = record.expires_us;
	return origins_read(data + sizeof record, length - sizeof record, record.origin_count, who_out);
}
