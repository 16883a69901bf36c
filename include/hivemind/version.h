/* version.h - what every program answers to --version. */
#pragma once
#define HM_VERSION "0.1.0"
