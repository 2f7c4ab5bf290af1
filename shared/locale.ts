/** The language of the texts that this build shows. Their translation happens when it is bundled: see docs/translation.md. */

declare const BARNRAISER_LOCALE: string | undefined;

/** As in BCP 47, for what `Intl` formats. Not of this computer: numbers and plurals belong to the texts around them. */
export const locale: string = typeof BARNRAISER_LOCALE === 'undefined' ? 'en' : (BARNRAISER_LOCALE ?? 'en');

/** For dates, whose form this computer's settings choose in English, as its times of day. */
export const dateLocale = (): string | undefined => (isEnglish ? undefined : locale);

/** English is formatted without `Intl`, which takes a terminal long to load. */
export const isEnglish: boolean = locale === 'en';
