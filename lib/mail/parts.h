/* Private to lib/mail: the jobs' handlers. */
#ifndef STOA_MAIL_PARTS_H
#define STOA_MAIL_PARTS_H

#include "job/job.h"

job_handler mail_send_run;   /* payload {"org", "mail"} */
job_handler mail_digest_run; /* payload {"org", "account", "live"} */
job_handler mail_sweep_run;

#endif
