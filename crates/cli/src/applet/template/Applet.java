package {{package}};

import javacard.framework.APDU;
import javacard.framework.Applet;
import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.Util;

/** Says hello, and counts up to a limit. */
public final class {{class}} extends Applet {
    private static final byte INS_HELLO = 0x10;
    private static final byte INS_ADD = 0x20;
    private static final byte INS_TOTAL = 0x30;

    private static final byte[] HELLO = { 'H', 'e', 'l', 'l', 'o' };

    private final Tally tally = new Tally((short) 1000);

    /** Called once by the card, with the parameters of INSTALL: instance AID, control, data. */
    public static void install(byte[] parameters, short offset, byte length) {
        new {{class}}().register(parameters, (short) (offset + 1), parameters[offset]);
    }

    public void process(APDU apdu) {
        if (selectingApplet()) {
            return;
        }
        byte[] buffer = apdu.getBuffer();
        switch (buffer[ISO7816.OFFSET_INS]) {
        case INS_HELLO:
            Util.arrayCopyNonAtomic(HELLO, (short) 0, buffer, (short) 0, (short) HELLO.length);
            apdu.setOutgoingAndSend((short) 0, (short) HELLO.length);
            break;
        case INS_ADD:
            add(apdu, buffer);
            break;
        case INS_TOTAL:
            Util.setShort(buffer, (short) 0, tally.total());
            apdu.setOutgoingAndSend((short) 0, (short) 2);
            break;
        default:
            ISOException.throwIt(ISO7816.SW_INS_NOT_SUPPORTED);
        }
    }

    /** Two bytes of data: what is added. */
    private void add(APDU apdu, byte[] buffer) {
        if (apdu.setIncomingAndReceive() != 2) {
            ISOException.throwIt(ISO7816.SW_WRONG_LENGTH);
        }
        if (!tally.add(Util.getShort(buffer, ISO7816.OFFSET_CDATA))) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
    }
}
