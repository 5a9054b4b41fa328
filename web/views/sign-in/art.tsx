/** The passage with the door ajar. */
export const Art = () => (
  <svg class="art" viewBox="0 0 620 900" preserveAspectRatio="xMidYMax slice">
    <defs>
      <linearGradient id="g" x1="0" y1="0" x2="0" y2="1">
        <stop offset="0" stop-color="#FFE9C4" />
        <stop offset=".55" stop-color="#F3C272" />
        <stop offset="1" stop-color="#DB9A3F" />
      </linearGradient>
      <linearGradient id="f" x1="0" y1="0" x2="0" y2="1">
        <stop offset="0" stop-color="#F3C272" stop-opacity=".50" />
        <stop offset="1" stop-color="#F3C272" stop-opacity="0" />
      </linearGradient>
    </defs>
    <rect width="620" height="900" fill="#002A25" />
    <path d="M-100 760V450a410 410 0 0 1 820 0V760z" fill="#00352E" />
    <path d="M-10 760V470a320 320 0 0 1 640 0V760z" fill="#00433A" />
    <path d="M70 760V490a240 240 0 0 1 480 0V760z" fill="#005247" />
    <path d="M138 760V507a172 172 0 0 1 344 0V760z" fill="#006558" />
    <path d="M194 760V521a116 116 0 0 1 232 0V760z" fill="url(#g)" />
    <rect y="760" width="620" height="140" fill="#00221E" />
    <path d="M362 760H426L566 900H372z" fill="url(#f)" />
    <path d="M194 760V521a84 116 0 0 1 168 4V788z" fill="#7A4E17" />
    <path d="M194 760V521a80 116 0 0 1 160 4V788z" fill="#003C34" />
    <path d="M216 740V530a58 88 0 0 1 116 4V758z" fill="none" stroke="#0B4F45" stroke-width="2" />
    <circle cx="341" cy="640" r="4.5" fill="#F3C272" />
  </svg>
);
