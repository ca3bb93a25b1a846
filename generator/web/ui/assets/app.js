// Behaviour beyond HTML and htmx: the event stream, relative times, and the copy
// buttons. Every page works without this file.
(() => {
  'use strict';
  const root = document.documentElement;
  root.classList.add('js');

  // Relative times: "3 minutes ago", with the exact time in the title.
  const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
  const units = [['year', 31536000], ['month', 2592000], ['week', 604800], ['day', 86400], ['hour', 3600], ['minute', 60]];
  const formatTime = (at) => {
    const seconds = (at - Date.now()) / 1000;
    for (const [unit, size] of units) {
      if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
    }
    return 'just now';
  };
  const updateTimes = (within) => {
    for (const time of within.querySelectorAll('time[datetime]')) {
      const text = formatTime(Date.parse(time.dateTime));
      if (time.textContent !== text) time.textContent = text;
    }
  };

  // Replacing a part of the page keeps the focus and an open menu.
  const replace = (old, html) => {
    const template = document.createElement('template');
    template.innerHTML = html;
    const next = template.content.firstElementChild;
    if (!next) return old;
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    const place = focused && [...old.querySelectorAll('a,button,summary')].indexOf(focused);
    const open = old.querySelector('details.menu[open]');
    old.replaceWith(next);
    if (open) next.querySelector('details.menu')?.setAttribute('open', '');
    if (focused) next.querySelectorAll('a,button,summary')[place]?.focus({ preventScroll: true });
    prepare(next);
    return next;
  };

  const prepare = (within) => {
    updateTimes(within);
    for (const button of within.querySelectorAll('.copy[hidden]')) button.hidden = false;
  };

  // The event stream. data-events holds its URL; a page without it gets no updates.
  let source = null, address = '', failures = 0;
  const follow = () => {
    const at = document.querySelector('[data-events]')?.dataset.events || '';
    if (at === address && source && source.readyState !== EventSource.CLOSED) return;
    if (source) source.close();
    source = null;
    address = at;
    if (at) listen(new EventSource(at));
  };
  const listen = (events) => {
    source = events;
    let unseen = 0;
    const on = (name, handle) => events.addEventListener(name, (e) => { root.classList.remove('offline'); handle(e.data); });
    events.onopen = () => { failures = 0; offline(false); };
    events.onerror = () => {
      offline(true);
      if (events.readyState !== EventSource.CLOSED) return; // the browser reconnects automatically
      const wait = Math.min(30000, 1000 * 2 ** failures++);
      setTimeout(() => { if (source === events) { address = ''; follow(); } }, wait + Math.random() * 1000);
    };
    on('row', (html) => {
      const id = /id="([^"]+)"/.exec(html)?.[1];
      const old = id && document.getElementById(id);
      if (old) { replace(old, html).classList.add('new-look'); return; }
      unseen++;
      const more = document.querySelector('.fresh-rows');
      if (!more) return;
      more.hidden = false;
      more.firstElementChild.href = location.href;
      more.firstElementChild.textContent = unseen === 1 ? 'Show 1 new staging' : `Show ${unseen} new stagings`;
      if (!document.querySelector('.rows')) reload(); // the list is empty, so no row can move
    });
    on('gone', (name) => {
      const row = document.getElementById('s-' + name);
      if (row) row.classList.add('left');
      else if (document.getElementById('body')) location.reload();
    });
    on('status', (html) => {
      const old = document.getElementById('status');
      if (old && old.outerHTML !== html) replace(old, html);
    });
    on('fresh', (html) => {
      const old = document.getElementById('fresh');
      if (old) replace(old, html);
    });
    on('changed', () => window.htmx?.trigger('#body', 'changed'));
    on('ran', () => window.htmx?.trigger('#outcome', 'ran'));
    on('reset', reload);
    on('beat', () => {});
  };
  const reload = () => {
    if (document.getElementById('results')) {
      window.htmx?.ajax('GET', location.href, { target: '#results', swap: 'outerHTML' });
    } else {
      window.htmx?.trigger('#body', 'changed');
    }
  };
  let since = null;
  const offline = (yes) => {
    const line = document.getElementById('fresh');
    if (!yes) {
      if (since && line && root.classList.contains('offline')) reload();
      root.classList.remove('offline');
      since = null;
      return;
    }
    since ??= Date.now();
    setTimeout(() => {
      if (!since || !line || root.classList.contains('offline')) return;
      root.classList.add('offline');
      line.textContent = 'Connection lost. Trying again … This page may be out of date.';
      line.classList.add('unsure');
    }, 4000);
  };

  document.addEventListener('click', async (e) => {
    const copy = e.target.closest('.copy');
    if (copy) {
      const label = copy.innerHTML;
      try {
        await navigator.clipboard.writeText(copy.dataset.copy);
        copy.textContent = 'Copied';
      } catch {
        copy.textContent = 'Copying is blocked';
      }
      setTimeout(() => { copy.innerHTML = label; }, 1600);
    }
    for (const menu of document.querySelectorAll('details.menu[open]')) {
      if (!menu.contains(e.target)) menu.removeAttribute('open');
    }
  });
  document.addEventListener('keydown', (e) => {
    if (e.key === 'Escape') {
      for (const menu of document.querySelectorAll('details.menu[open]')) {
        menu.removeAttribute('open');
        menu.querySelector('summary').focus();
      }
    }
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName || '');
    if (e.key === '/' && !typing && !e.ctrlKey && !e.metaKey) {
      const field = document.getElementById('q');
      if (field) { e.preventDefault(); field.focus(); }
    }
  });
  document.addEventListener('htmx:afterSwap', (e) => {
    prepare(document.getElementById(e.detail.target.id) || document);
    follow();
  });
  // Submit buttons post the form normally; htmx only handles input events.
  const start = () => { prepare(document); follow(); setInterval(() => updateTimes(document), 20000); };
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', start); else start();
})();
