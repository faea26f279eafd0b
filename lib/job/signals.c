#include "base/log.h"
#include "job/supervisor.h"

#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* Signals are blocked everywhere and read here, so that no job is interrupted. */
static void *signals_main(void *argument)
{
	struct signals *signals = argument;
	struct signalfd_siginfo info;
	bool stopping = false;
	for (;;) {
		ssize_t got = read(signals->fd, &info, sizeof info);
		if (got < 0 && errno == EINTR)
			continue;
		if (got != sizeof info)
			return NULL;
		if (info.ssi_signo == SIGHUP) {
			log_reopen();
			continue;
		}
		if (stopping && !signals->patient)
			_exit(1); /* leases see to it that nothing is lost */
		stopping = true;
		eventfd_write(signals->stop_fd, 1);
	}
}

bool signals_open(struct signals *signals)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signals->fd = signalfd(-1, &set, SFD_CLOEXEC);
	signals->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return signals->fd >= 0 && signals->stop_fd >= 0 && !pthread_create(&signals->thread, NULL, signals_main, signals);
}

void signals_close(struct signals *signals)
{
	pthread_cancel(signals->thread);
	pthread_join(signals->thread, NULL);
	close(signals->fd);
	close(signals->stop_fd);
}
