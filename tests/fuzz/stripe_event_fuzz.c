/* An object of Stripe, or of whoever holds the endpoint's secret: rows that the mirror's statements can take, or a refusal. */
#include "billing/parts.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A row names what it is about; texts are bounded, and amounts are those of money. */
static void row_check(struct json_object *row)
{
	json_object_object_foreach(row, name, value) {
		if (json_object_is_type(value, json_type_string) && json_object_get_string_len(value) > 500)
			abort();
		if (strstr(name, "_minor") && value && (json_object_get_int64(value) > 1000000000000000000 || json_object_get_int64(value) < -1000000000000000000))
			abort();
	}
}

static void rows_check(struct json_object *rows, const char *key)
{
	for (size_t i = 0; rows && i < json_object_array_length(rows); i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);

		if (!*json_text(row, key, ""))
			abort();
		row_check(row);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_object *object;
	struct billing_rows rows;
	struct ctx ctx;

	ctx_init(&ctx);
	if (json_read(&ctx, (const char *)data, size, BILLING_DEPTH, &object) != OK) {
		ctx_free(&ctx);
		return 0;
	}
	for (int deleted = 0; deleted < 2; deleted++) {
		ctx_forgive(&ctx);
		if (billing_read(&ctx, object, deleted, &rows) != OK) {
			if (ctx.fault.err != ERR_INVALID)
				abort();
			continue;
		}
		if (!rows.ref || (rows.own && json_object_array_length(rows.own) != 1))
			abort();
		rows_check(rows.own, "ref");
		for (enum billing_kind kind = 0; kind < BILLING_KINDS; kind++)
			rows_check(rows.with[kind], kind == BILLING_PAYMENT ? "payment_ref" : "ref");
	}
	ctx_free(&ctx);
	return 0;
}
