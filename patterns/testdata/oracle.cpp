// The real std::regex: reads a pattern and subjects, each with its length, until the input ends, and answers with a byte whether the pattern
// is accepted and a byte for each subject whether it is found there. What takes more than half a second is answered with the byte 2.
#include <csetjmp>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <regex>
#include <string>
#include <sys/time.h>
#include <vector>

static sigjmp_buf ages;

static void give_up(int) { siglongjmp(ages, 1); }

static void limit(int milliseconds) {
    itimerval t{};
    t.it_value.tv_usec = milliseconds * 1000;
    setitimer(ITIMER_VIRTUAL, &t, nullptr);
}

static bool number(uint32_t &n) { return fread(&n, sizeof n, 1, stdin) == 1; }

static std::string text() {
    uint32_t n;
    if (!number(n)) exit(1);
    std::string s(n, '\0');
    if (n && fread(&s[0], 1, n, stdin) != n) exit(1);
    return s;
}

int main() {
    signal(SIGVTALRM, give_up);
    uint32_t n;
    while (number(n)) {
        std::string pattern(n, '\0');
        if (n && fread(&pattern[0], 1, n, stdin) != n) return 1;
        if (!number(n)) return 1;
        std::vector<std::string> subjects;
        while (n--) subjects.push_back(text());
        std::string answer(1 + subjects.size(), '\0');
        if (sigsetjmp(ages, 1) == 0) {
            limit(500);
            try {
                std::regex re(pattern.c_str());
                answer[0] = 1;
                for (size_t i = 0; i < subjects.size(); i++) answer[1 + i] = std::regex_search(subjects[i], re);
            } catch (const std::regex_error &) {
            }
        } else {
            answer[0] = 2;
        }
        limit(0);
        fwrite(answer.data(), 1, answer.size(), stdout);
        fflush(stdout);
    }
}
