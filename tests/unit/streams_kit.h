/**
 * @file streams_kit.h  Connections on loopback in a loop whose time the test makes
 *
 * Link with --wrap for timer_new, timer_set, timer_stop and timer_free: timers run when
 * kit_pass() says that time has gone by.
 */
#pragma once

#include "redirector/net/streams.h"

#include <sys/types.h>

enum kit_mode {
	KIT_ECHO,   /**< every message is answered by itself        */
	KIT_SILENT, /**< by nothing                                 */
	KIT_HOLD,   /**< later: the connection is kept in `held`    */
	KIT_FLOOD,  /**< by more than anybody leaves unread         */
};

enum {
	KIT_HELD_MAX = 16,
	KIT_MESSAGE = 36, /**< bytes of kit_message() */
};

struct kit {
	struct clock clock; /**< first: its functions find the kit */
	int64_t now;
	struct loop *loop;
	struct streams *streams;
	struct streams_limits limits;
	_Atomic int64_t open[2]; /**< we are the second worker */
	_Atomic uint64_t counts[STREAMS_LAST];
	struct addr at;
	enum kit_mode mode;
	bool admits;
	bool broke;           /**< nobody has anything left to pay with              */
	unsigned tcp, tls;    /**< connections that were to be paid for              */
	int64_t step;         /**< milliseconds that a message takes                 */
	unsigned betweens;    /**< turns of those who have no connection             */
	unsigned since, most; /**< messages since the last of them, and ever         */
	unsigned whole, cut, no_length;
	struct addr source, local; /**< of the last message                            */
	struct stream *held[KIT_HELD_MAX];
	size_t held_count;
	struct stream *last;   /**< whose turn it was                                   */
	unsigned run, longest; /**< messages of one connection in a row, before another's */
};

/** @param where  "127.0.0.1:0" */
void kit_open(struct kit *kit, const char *where);
void kit_close(struct kit *kit);

/** @param from  "127.0.0.1:0"; NULL: any */
int kit_connect(struct kit *kit, const char *from);

/** "OPTIONS sip:NUMBER SIP/2.0" and so on. */
void kit_message(unsigned number, char out[KIT_MESSAGE + 1]);

void kit_write(int fd, const void *bytes, size_t len);

/** Lets the loop run until nothing happens any more. */
void kit_settle(struct kit *kit);

/** Reads until `size` bytes came, the end, or nothing more comes.  @return how many */
size_t kit_read(struct kit *kit, int fd, char *out, size_t size);

/** '.' open and silent, 'E' ended, 'R' reset, 'B' bytes are there. */
char kit_state(struct kit *kit, int fd);

/** Lets time go by: timers that are due by then run. */
void kit_pass(struct kit *kit, int64_t ms);

/** Messages that are held are answered, and no longer held. */
void kit_answer_held(struct kit *kit);
