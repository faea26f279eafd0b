#include "cli.h"

#include "auth/family.h"
#include "ops/family.h"
#include "pages/family.h"
#include "retention/family.h"
#include "stripe/family.h"
#include "widget/family.h"

const struct family *const FAMILIES[] = {&FAMILY_AUTH, &FAMILY_WIDGET, &FAMILY_RETENTION, &FAMILY_STRIPE, &FAMILY_PAGES, &FAMILY_OPS, NULL};
