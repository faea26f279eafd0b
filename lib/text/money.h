/* Amounts of money in the languages of mails. */
#ifndef STOA_TEXT_MONEY_H
#define STOA_TEXT_MONEY_H

#include "base/context.h"

/* Decimals of a currency's minor unit: 0, 2 or 3 (ISO 4217; Stripe's lists of zero-decimal and three-decimal currencies). currency: lower case. */
int money_digits(const char *currency);
/* Minor units as the language (text/language.h) writes them: en "EUR 1,234.50", de and es "1.234,50 EUR", fr "1 234,50 EUR". Memory of ctx. */
const char *money_text(struct ctx *ctx, int64_t minor, const char *currency, const char *language);

#endif
