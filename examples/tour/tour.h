/* tour.h: the chapters. Each prints what happens and answers 0, or a negative errno when the system refused
 * something. */
#ifndef TOUR_H
#define TOUR_H

int by_hand(void);   /* 1 */
int await(void);     /* 2 */
int kitchen(void);   /* 3 */
int echo(void);      /* 4 */
int cancelled(void); /* 5 */
int executor(void);  /* 6 */
int fan_out(void);   /* 7 */
int limited(void);   /* 8 */
int race(void);      /* 9 */
int scope(void);     /* 10 */
int pipeline(void);  /* 11 */
int pool(void);      /* 12 */
int cores(void);     /* 13 */

#endif
