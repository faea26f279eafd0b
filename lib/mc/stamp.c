#include "mc/level.h"

#include "base/clock.h"

#include <sodium.h>
#include <stdatomic.h>
#include <string.h>

void stamps_prepare(void *memory)
{
	struct stamps *stamps = memory;
	stamps->born = clock_wall_us();
	atomic_store(&stamps->last, stamps->born);
}

int64_t stamp_next(struct stamps *stamps)
{
	int64_t now = clock_wall_us();
	int64_t last = atomic_load(&stamps->last), next;
	do
		next = now > last ? now : last + 1;
	while (!atomic_compare_exchange_weak(&stamps->last, &last, next));
	return next;
}

static void raise_to(_Atomic int64_t *value, int64_t least)
{
	int64_t before = atomic_load(value);
	while (before < least && !atomic_compare_exchange_weak(value, &before, least))
		;
}

bool stamp_witness(struct stamps *stamps, int64_t stamp)
{
	int64_t now = clock_wall_us(), last = atomic_load(&stamps->last);
	if (stamp <= last)
		return true;
	if (stamp > (now > last ? now : last) + STAMP_AHEAD_US)
		return false;
	raise_to(&stamps->last, stamp);
	return true;
}

void stamp_raise(struct stamps *stamps, uint32_t slot, int64_t stamp)
{
	raise_to(&stamps->slots[slot], stamp);
}

struct tag tag_make(const char *text)
{
	struct tag tag;
	crypto_generichash(tag.id, TAG_BYTES, (const unsigned char *)text, strlen(text), NULL, 0);
	return tag;
}

uint32_t tag_slot(const struct tag *tag)
{
	uint32_t word;
	memcpy(&word, tag->id, sizeof word);
	return word % STAMP_SLOTS;
}
