/* Counts the words of standard input: build/wordfreq < examples/poem.txt */
#include <stdio.h>

#include "quill.h"

int main(void)
{
    ql_table words;
    ql_buf word;
    size_t i;
    int c, count;

    ql_table_init(&words);
    ql_buf_init(&word);
    while ((c = getchar()) != EOF) {
        if (c != ' ' && c != '\n') {
            ql_buf_append_char(&word, (char)c);
        } else if (word.length > 0) {
            count = 0;
            ql_table_get(&words, ql_slice_of(word.data), &count);
            ql_table_set(&words, ql_slice_of(word.data), count + 1);
            ql_buf_clear(&word);
        }
    }
    for (i = 0; i < words.capacity; i++)
        if (words.entries[i].key != NULL)
            printf("%5d %s\n", words.entries[i].value, words.entries[i].key);
    ql_table_free(&words);
    ql_buf_free(&word);
    return 0;
}
