/* Threads: many at once, mutexes, condition variables, thread-local memory, joining. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define THREADS 6

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn_changed = PTHREAD_COND_INITIALIZER;
static int turn;
static long guarded;
static atomic_long atomic;
static __thread long own;

static void *work(void *argument)
{
	long me = (long)argument;
	for (int i = 0; i < 5000; i++) {
		own += me;
		atomic_fetch_add(&atomic, 1);
		pthread_mutex_lock(&mutex);
		guarded += 2;
		pthread_mutex_unlock(&mutex);
	}
	pthread_mutex_lock(&mutex);
	while (turn != me)
		pthread_cond_wait(&turn_changed, &mutex);
	printf("thread %ld\n", me);
	turn++;
	pthread_cond_broadcast(&turn_changed);
	pthread_mutex_unlock(&mutex);
	return (void *)own;
}

int main(void)
{
	pthread_t threads[THREADS];
	long sum = 0;
	for (long i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, work, (void *)i);
	for (int i = 0; i < THREADS; i++) {
		void *result;
		pthread_join(threads[i], &result);
		sum += (long)result;
	}
	printf("%ld %ld %ld\n", sum, guarded, atomic);
	return 0;
}
