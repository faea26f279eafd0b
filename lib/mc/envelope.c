/* "STO1", flags, count of tags, length of the name (2), stamp (8), life (8), tags (16 each), name, data. Little-endian: the
 * machines that share a memcached are of one kind or it reads as garbage, which is a miss. */
#include "mc/level.h"

#include <string.h>

#define MAGIC "STO1"
#define HEAD 24

size_t envelope_bytes(const struct envelope *envelope)
{
	return HEAD + (size_t)envelope->tag_count * TAG_BYTES + envelope->name_length + envelope->length;
}

void envelope_write(const struct envelope *envelope, char *out)
{
	uint16_t name_length = (uint16_t)envelope->name_length;
	memcpy(out, MAGIC, 4);
	out[4] = envelope->absent;
	out[5] = (char)envelope->tag_count;
	memcpy(out + 6, &name_length, 2);
	memcpy(out + 8, &envelope->stamp, 8);
	memcpy(out + 16, &envelope->life_us, 8);
	out += HEAD;
	for (int i = 0; i < envelope->tag_count; i++, out += TAG_BYTES)
		memcpy(out, envelope->tags[i].id, TAG_BYTES);
	memcpy(out, envelope->name, envelope->name_length);
	if (envelope->length)
		memcpy(out + envelope->name_length, envelope->data, envelope->length);
}

bool envelope_read(const char *bytes, size_t length, struct envelope *envelope_out)
{
	if (length < HEAD || memcmp(bytes, MAGIC, 4) != 0 || (bytes[4] & ~1) != 0 || (unsigned char)bytes[5] > TAGS_MOST)
		return false;
	uint16_t name_length;
	*envelope_out = (struct envelope){.absent = bytes[4], .tag_count = bytes[5]};
	memcpy(&name_length, bytes + 6, 2);
	memcpy(&envelope_out->stamp, bytes + 8, 8);
	memcpy(&envelope_out->life_us, bytes + 16, 8);
	size_t at = HEAD + (size_t)envelope_out->tag_count * TAG_BYTES;
	if (length < at || length - at < name_length)
		return false;
	for (int i = 0; i < envelope_out->tag_count; i++)
		memcpy(envelope_out->tags[i].id, bytes + HEAD + i * TAG_BYTES, TAG_BYTES);
	envelope_out->name = bytes + at;
	envelope_out->name_length = name_length;
	envelope_out->data = bytes + at + name_length;
	envelope_out->length = length - at - name_length;
	return envelope_out->stamp > 0 && envelope_out->life_us > 0;
}
