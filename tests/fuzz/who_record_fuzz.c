/* An identity as memcached hands it back. */
#include "who/record.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct who who;
	static char again[RECORD_MOST];
	int64_t expires_us;

	memset(&who, 0, sizeof who);
	if (!record_read((const char *)data, size, &who, &expires_us))
		return 0;
	if (who.origin_count > WHO_ORIGINS || strlen(who.org_id) >= ID_TEXT || record_write(&who, expires_us, again) != size)
		abort();
	return 0;
}
