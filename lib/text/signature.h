/* A signature with its time, as Stripe's webhooks carry it and ours over the widget's customers: "t=<unix>,v1=<hex>[,v1=…]". */
#ifndef STOA_TEXT_SIGNATURE_H
#define STOA_TEXT_SIGNATURE_H

#include <stdbool.h>
#include <stdint.h>

#define SIGNATURES_MOST 8

struct signature {
	char time[24];   /* as sent: it is part of what is signed */
	int64_t time_s;
	uint8_t macs[SIGNATURES_MOST][32];
	int count;
};

/* Other schemes, and what is no SHA-256 in lower-case hex, count for nothing; so does more than SIGNATURES_MOST. False: no time, more than
 * one, or no signature. signature_out must be zeroed. */
bool signature_read(const char *text, struct signature *signature_out);

#endif
